package spark

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"rubato/internal/kraft"
	"rubato/internal/transport"
)

// brokerName stands in the results.
const brokerName = "Kafka 4.1 (KRaft)"

// broker is the Kafka broker of all runs, and the client that writes the load.
type broker struct {
	addr   string
	client transport.Client
	kafka  *kraft.Broker
	dir    string
}

// startBroker starts a broker in a process of its own.
func startBroker(ctx context.Context) (_ *broker, err error) {
	dir, err := os.MkdirTemp("", "rubato-bench-broker-")
	if err != nil {
		return nil, fmt.Errorf("making the broker's folder: %w", err)
	}
	b := &broker{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if b.kafka, err = kraft.Start(ctx, kraft.Options{Folder: filepath.Join(dir, "kafka")}); err != nil {
		return nil, err
	}
	b.addr = b.kafka.Addr(kraft.Plaintext)
	b.client, err = transport.NewKafka(transport.Options{Brokers: []string{b.addr}, Log: zerolog.Nop()})
	return b, err
}

// close ends the broker and removes what it kept.
func (b *broker) close() error {
	var errs []error
	if b.client != nil {
		b.client.Close()
	}
	if b.kafka != nil {
		errs = append(errs, b.kafka.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(b.dir))...)
}
