// Command start measures the start of `rubato run`: from exec until /-/ready
// answers 200, with a checkpoint in the store, and the embedded broker. Serve mode
// has a network twice as wide as the shipped one, learn mode the shipped policy
// and its learner. The first start is not counted.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"rubato/bench/stage"
)

func main() {
	binary := flag.String("rubato", filepath.Join("bin", "rubato"), "the binary to measure")
	starts := flag.Int("starts", 10, "how often to start it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	for _, mode := range []string{"serve", "learn"} {
		if err := measure(ctx, *binary, mode, *starts); err != nil {
			fmt.Fprintln(os.Stderr, "bench-start:", err)
			os.Exit(1)
		}
	}
}

// measure starts the daemon once to make the checkpoint, then so many times on
// that store.
func measure(ctx context.Context, binary, mode string, starts int) error {
	dir, err := os.MkdirTemp("", "rubato-start-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s := stage.Settings{Mode: mode, Bounds: "{min: 0.1x, max: 5x}"}
	if s.HTTP, err = stage.FreeAddr(); err != nil {
		return err
	}
	if mode == "serve" {
		if s.Artefact, err = stage.WritePolicy(dir, 1, false); err != nil {
			return err
		}
	}
	config, err := stage.Write(dir, s)
	if err != nil {
		return err
	}
	log := filepath.Join(dir, "rubato.log")
	if _, err := once(ctx, binary, config, log, s.HTTP); err != nil {
		return err
	}
	took := make([]time.Duration, starts)
	for i := range took {
		if took[i], err = once(ctx, binary, config, log, s.HTTP); err != nil {
			return err
		}
	}
	slices.Sort(took)
	fmt.Printf("%s mode: ready in %.0f ms, the median of %d starts (%.0f to %.0f)\n",
		mode, ms(took[starts/2]), starts, ms(took[0]), ms(took[starts-1]))
	return nil
}

// once starts and stops the daemon, and tells how long it took to be ready.
func once(ctx context.Context, binary, config, log, addr string) (time.Duration, error) {
	began := time.Now()
	d, err := stage.Start(binary, config, log)
	if err != nil {
		return 0, err
	}
	within, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	err = d.Ready(within, addr)
	took := time.Since(began)
	if err != nil {
		text, _ := os.ReadFile(log)
		_ = d.Stop()
		return 0, fmt.Errorf("%w\n%s", err, text)
	}
	return took, d.Stop()
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
