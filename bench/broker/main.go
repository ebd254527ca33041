// Command broker runs a real Kafka broker on 127.0.0.1 until Ctrl-C, for
// trying things out and for benchmarks. `make broker` starts it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"rubato/internal/kraft"
)

// patience is how long the broker may take to start.
const patience = time.Minute

func main() {
	port := flag.Int("port", 9092, "the port to listen on, 0 for a free one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *port)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "broker: %v\n", err)
		os.Exit(1)
	}
}

// run runs a broker until ctx ends; its topics end with it.
func run(ctx context.Context, port int) (err error) {
	folder, err := os.MkdirTemp("", "rubato-broker-")
	if err != nil {
		return fmt.Errorf("making the broker's folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	starting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	b, err := kraft.Start(starting, kraft.Options{Folder: folder, Listeners: map[kraft.Protocol]int{kraft.Plaintext: port}})
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Printf("Kafka listens on %s; Ctrl-C ends it and forgets its topics\n", b.Addr(kraft.Plaintext))
	select {
	case <-ctx.Done():
	case <-b.Done():
		return fmt.Errorf("the broker ended by itself")
	}
	return b.Close()
}
