package transport

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// dialTimeout bounds one attempt to connect.
const dialTimeout = 3 * time.Second

// link dials the brokers and knows which of their addresses are out of reach.
type link struct {
	log         zerolog.Logger
	tls         *tls.Config // nil: without
	disconnects atomic.Uint64

	mu   sync.Mutex
	down map[string]time.Time // when the address was first found out of reach
	up   map[string]time.Time // when it was last reached
	open int                  // connections
}

func newLink(log zerolog.Logger, tls *tls.Config) *link {
	return &link{log: log, tls: tls, down: make(map[string]time.Time), up: make(map[string]time.Time)}
}

// dial connects and notes, once each, that an address went and came back.
func (l *link) dial(ctx context.Context, network, address string) (net.Conn, error) {
	began := time.Now()
	conn, err := l.connect(ctx, network, address)
	if err != nil {
		if ctx.Err() == nil {
			l.lost(address, began, err)
		}
		return nil, err
	}
	l.reached(address)
	return &countedConn{Conn: conn, closed: sync.OnceFunc(l.closed)}, nil
}

// connect opens a connection and, where it is asked for, TLS on it.
func (l *link) connect(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout}
	if l.tls == nil {
		return d.DialContext(ctx, network, address)
	}
	return (&tls.Dialer{NetDialer: &d, Config: l.tls}).DialContext(ctx, network, address)
}

// lost notes a failed attempt, unless a later one has succeeded meanwhile.
func (l *link) lost(address string, began time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.down[address]; known || began.Before(l.up[address]) {
		return
	}
	l.down[address] = time.Now()
	l.disconnects.Add(1)
	l.log.Warn().Err(err).Str("broker", address).Msg("broker out of reach, trying again until it answers")
}

func (l *link) reached(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.up[address] = time.Now()
	l.open++
	since, was := l.down[address]
	if !was {
		return
	}
	delete(l.down, address)
	l.log.Info().Str("broker", address).Stringer("away", time.Since(since).Round(time.Millisecond)).Msg("broker is back")
}

func (l *link) closed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
}

// away tells whether every address that was tried is out of reach, or, as brokers
// are not asked again at the addresses that they advertise while those in the
// configuration do not answer, that one is and no connection is left.
func (l *link) away() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == 0 && len(l.down) > 0 {
		return true
	}
	for address := range l.up {
		if _, down := l.down[address]; !down {
			return false
		}
	}
	return len(l.down) > 0
}

// dialUntil returns a dial whose connections close when ctx ends, so that a
// read in progress does not outlive it.
func (l *link) dialUntil(ctx context.Context) func(context.Context, string, string) (net.Conn, error) {
	return func(dialCtx context.Context, network, address string) (net.Conn, error) {
		conn, err := l.dial(dialCtx, network, address)
		if err != nil {
			return nil, err
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		return &boundConn{Conn: conn, stop: stop}, nil
	}
}

// countedConn tells, once, that it is closed.
type countedConn struct {
	net.Conn
	closed func()
}

func (c *countedConn) Close() error {
	c.closed()
	return c.Conn.Close()
}

// boundConn lets go of its context when it is closed.
type boundConn struct {
	net.Conn
	stop func() bool
}

func (c *boundConn) Close() error {
	c.stop()
	return c.Conn.Close()
}
