// Command wire measures the way from metric sent to interval applied: a real
// Spark driver with the agent and one query on an empty folder, the tuner as it
// is run (journal, stores and HTTP included), and the embedded broker.
//
// The tuner serves an ordinary frozen network, drawn so that it never keeps the
// interval: on a ladder of two rungs every trigger's end commands a change. The
// figures are the agent's own, from its monotonic clock: the histogram of its
// heartbeats (buckets 5 % wide). The first decisions, before the JVM has
// compiled its way, are told apart.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"rubato/bench/stage"
	"rubato/configs"
	"rubato/env/spark"
	"rubato/internal/app"
	"rubato/internal/demo"
)

func main() {
	decisions := flag.Uint64("decisions", 2000, "decisions to measure")
	warm := flag.Uint64("warm", 500, "decisions before them, while the JVM warms up")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *warm, *decisions); err != nil {
		fmt.Fprintln(os.Stderr, "bench-wire:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, warm, decisions uint64) error {
	dir, err := os.MkdirTemp("", "rubato-wire-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	beats := make(chan spark.Histogram, 1)
	tuner, err := startTuner(ctx, dir, beats)
	if err != nil {
		return err
	}
	defer tuner.Stop()
	log := filepath.Join(dir, "spark.log")
	jvm, err := demo.StartJVM(demo.Job{
		Class: "io.rubato.jobs.IdleJob", Log: log, Agent: "brokers=" + tuner.Brokers()[0],
		Args: []string{"--interval", "100ms", "--watch-stdin", "true"},
	})
	if err != nil {
		return err
	}
	defer func() {
		grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		jvm.Stop(grace)
	}()
	first, err := wait(ctx, jvm, log, beats, warm)
	if err != nil {
		return err
	}
	alarm := newAlarm()
	last, err := wait(ctx, jvm, log, beats, first.Count+decisions)
	late := alarm.stop()
	if err != nil {
		return err
	}
	report("while warming up", first)
	report("measured", minus(last, first))
	fmt.Printf("meanwhile an idle goroutine woke late by: p50 %.2f ms, p99 %.2f ms, max %.2f ms (the machine's own noise)\n",
		late.at(0.5), late.at(0.99), late.at(1))
	return nil
}

// startTuner starts the tuner; beats holds the newest histogram.
func startTuner(ctx context.Context, dir string, beats chan spark.Histogram) (*app.App, error) {
	artefact, err := stage.WritePolicy(dir, 1, true)
	if err != nil {
		return nil, err
	}
	path, err := stage.Write(dir, stage.Settings{
		HTTP: "127.0.0.1:0", Mode: "serve", Artefact: artefact,
		Bounds: "{min: 50ms, max: 100ms}",
	})
	if err != nil {
		return nil, err
	}
	cfg, err := configs.LoadFile(path, app.Known())
	if err != nil {
		return nil, err
	}
	return app.Start(ctx, app.Options{
		Config: cfg, Version: "bench", Log: zerolog.New(os.Stderr).Level(zerolog.WarnLevel),
		Message: func(_ string, value []byte) {
			if !bytes.Contains(value, []byte(`"heartbeat"`)) {
				return
			}
			m, err := spark.Decode(value)
			if err != nil || m.Stats == nil {
				return
			}
			select {
			case <-beats:
			default:
			}
			beats <- m.Stats.RoundTrip
		},
	})
}

// patience is how long Spark may take to say something new.
const patience = 2 * time.Minute

// wait returns the first histogram of at least so many decisions.
func wait(ctx context.Context, jvm *demo.JVM, log string, beats <-chan spark.Histogram, count uint64) (spark.Histogram, error) {
	silence := time.NewTimer(patience)
	defer silence.Stop()
	for {
		select {
		case h := <-beats:
			silence.Reset(patience)
			fmt.Fprintf(os.Stderr, "\r%d of %d decisions", h.Count, count)
			if h.Count >= count {
				fmt.Fprintln(os.Stderr)
				return h, nil
			}
		case <-jvm.Done():
			return spark.Histogram{}, fmt.Errorf("%w\n%s", jvm.Err(), demo.Tail(log, 20))
		case <-silence.C:
			return spark.Histogram{}, errors.New("the agent is silent\n" + demo.Tail(log, 20))
		case <-ctx.Done():
			return spark.Histogram{}, ctx.Err()
		}
	}
}

// minus is what was counted since before.
func minus(h, before spark.Histogram) spark.Histogram {
	out := spark.Histogram{Count: h.Count - before.Count, Base: h.Base, Buckets: map[int]uint64{}}
	for i, n := range h.Buckets {
		if n -= before.Buckets[i]; n > 0 {
			out.Buckets[i] = n
		}
	}
	return out
}

func report(what string, h spark.Histogram) {
	p50, _ := h.Quantile(0.5)
	p90, _ := h.Quantile(0.9)
	p99, _ := h.Quantile(0.99)
	top := 0.0
	for i := range h.Buckets {
		top = max(top, math.Pow(h.Base, float64(i)+1)/1e3)
	}
	fmt.Printf("%-17s %5d decisions: p50 %.2f ms, p90 %.2f ms, p99 %.2f ms, max %.2f ms\n", what+":", h.Count, p50, p90, p99, top)
}
