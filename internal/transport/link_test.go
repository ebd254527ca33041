package transport

import (
	"net"
	"testing"

	"github.com/rs/zerolog"
)

// Clients go by the addresses in their configuration to those that brokers
// advertise, and do not get that far while the former do not answer.
func TestABrokerIsAwayWhereItIsNotTriedAgainAtTheAddressThatItAdvertises(t *testing.T) {
	l := newLink(zerolog.Nop(), nil)
	dial := func(address string) net.Conn {
		conn, err := l.dial(t.Context(), "tcp", address)
		if err != nil {
			return nil
		}
		return conn
	}
	var conns, listeners []interface{ Close() error }
	var addresses []string
	for range 2 { // configured, advertised
		s, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners, addresses = append(listeners, s), append(addresses, s.Addr().String())
		conns = append(conns, dial(addresses[len(addresses)-1]))
	}
	if l.away() {
		t.Fatal("both are connected")
	}
	for _, s := range listeners {
		_ = s.Close()
	}
	_ = conns[0].Close()
	if dial(addresses[0]) != nil || l.away() {
		t.Fatal("one connection is left, or the address still answers")
	}
	_, _ = conns[1].Close(), conns[1].Close()
	if !l.away() {
		t.Error("no connection is left, and what is tried does not answer")
	}
}
