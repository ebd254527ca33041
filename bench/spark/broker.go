package spark

import (
	"context"

	"github.com/rs/zerolog"

	embedded "rubato/internal/broker"
	"rubato/internal/transport"
)

// broker is the Kafka broker of all runs, and the client that writes the load.
type broker struct {
	name, addr string
	client     transport.Client
	stop       func()
}

// startBroker starts the broker.
func startBroker(_ context.Context) (*broker, error) {
	e, err := embedded.Start(embedded.Options{})
	if err != nil {
		return nil, err
	}
	client, err := transport.NewKafka(transport.Options{Brokers: []string{e.Addr()}, Log: zerolog.Nop()})
	if err != nil {
		e.Close()
		return nil, err
	}
	return &broker{name: "embedded", addr: e.Addr(), client: client, stop: e.Close}, nil
}

func (b *broker) close() {
	b.client.Close()
	b.stop()
}
