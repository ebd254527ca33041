// Command calibration records what the simulator's batch times are fitted to:
// real Spark drivers (local[2], a heap of 700 MB) with the agent, each with the
// embedded broker and a seeded load whose rate jumps over two decades. Each
// query is commanded a random interval every few seconds, so that batches of
// all sizes tell overhead from time per row. What came over the wire is kept,
// the fields that a calibration needs, with a sample of the end offsets ten
// times a second; then each recording is fitted and printed. Those in one-core
// are of drivers that were held to one core, with all that serves them:
//
//	taskset -c 0 bin/bench-calibration --out bench/calibration/one-core --length 8m --only files
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"rubato/internal/broker"
	"rubato/internal/calibrate"
	"rubato/internal/demo"
	"rubato/internal/load"
	"rubato/internal/transport"
)

// recording is one driver to record.
type recording struct {
	name, queries string
	// low and high bound the load's rate, events/s.
	low, high float64
	seed      uint64
}

var recordings = []recording{
	{"files", "files", 40, 8000, 1},
	{"windows", "windows", 40, 8000, 2},
	{"join", "join", 20, 1500, 3},
	{"shared", "files,windows", 40, 4000, 4},
}

func main() {
	out := flag.String("out", filepath.Join("bench", "calibration"), "the folder for the recordings")
	length := flag.Duration("length", 6*time.Minute, "length of each recording")
	only := flag.String("only", "", "record this one alone: files, windows, join or shared")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *out, *only, *length); err != nil {
		fmt.Fprintln(os.Stderr, "calibration:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out, only string, length time.Duration) error {
	for _, r := range recordings {
		if only != "" && only != r.name {
			continue
		}
		path := filepath.Join(out, r.name+".jsonl.gz")
		before := loadAverage()
		fmt.Fprintf(os.Stderr, "recording %s for %v\n", path, length)
		if err := r.record(ctx, path, length); err != nil {
			return fmt.Errorf("recording %s: %w", r.name, err)
		}
		fmt.Printf("== %s (load average %s before, %s after)\n", path, before, loadAverage())
		if err := fit(path, filepath.Join(out, r.name+".json")); err != nil {
			return err
		}
	}
	return nil
}

// fit fits a recording, prints the fit, and writes it as JSON.
func fit(recording, path string) error {
	runs, err := calibrate.ReadFile(recording)
	if err != nil {
		return err
	}
	results, err := calibrate.Fit(runs)
	if err != nil {
		return fmt.Errorf("calibrating from %s: %w", recording, err)
	}
	var text bytes.Buffer
	if err := calibrate.JSON(&text, results); err != nil {
		return err
	}
	if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("writing the fit: %w", err)
	}
	return calibrate.Print(os.Stdout, results)
}

// loadAverage is that of the last minute, where the system tells.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if fields := strings.Fields(string(text)); err == nil && len(fields) > 0 {
		return fields[0]
	}
	return "unknown"
}

// startWithin bounds the time from the JVM's start to the first batch.
const startWithin = 3 * time.Minute

func (r recording) record(ctx context.Context, path string, length time.Duration) error {
	dir, err := os.MkdirTemp("", "rubato-calibration-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b, err := broker.Start(broker.Options{})
	if err != nil {
		return err
	}
	defer b.Close()
	client, err := transport.NewKafka(transport.Options{Brokers: []string{b.Addr()}, Log: zerolog.Nop()})
	if err != nil {
		return err
	}
	defer client.Close()
	if err := errors.Join(client.EnsureTopics(ctx, load.Partitions, "events", "answers"),
		client.EnsureTopics(ctx, 1, "rubato.metrics", "rubato.decisions")); err != nil {
		return err
	}
	tape, err := newTape(path)
	if err != nil {
		return err
	}
	if err := r.play(ctx, client, tape, b.Addr(), dir, length); err != nil {
		return errors.Join(err, tape.close())
	}
	return tape.close()
}

// play runs the driver under the load, with all that listens and commands.
func (r recording) play(ctx context.Context, client transport.Client, tape *tape, addr, dir string, length time.Duration) error {
	log := filepath.Join(dir, "spark.log")
	jvm, err := demo.StartJVM(demo.Job{
		Class: "io.rubato.jobs.CalibrationJob", Log: log, Agent: "brokers=" + addr,
		Args: []string{"--brokers", addr, "--queries", r.queries, "--work", dir, "--watch-stdin", "true"},
	})
	if err != nil {
		return err
	}
	side, cancel := context.WithCancelCause(ctx)
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		client.Consume(side, transport.Subscription{Topic: "rubato.metrics", Earliest: true, Message: tape.message})
	}()
	sampling := make(chan struct{})
	go func() {
		defer close(sampling)
		r.sampleAndCommand(side, client, tape)
	}()
	go func() {
		select {
		case <-jvm.Done():
			cancel(jvm.Err())
		case <-side.Done():
		}
	}()
	err = r.load(side, client, tape, length)
	if cause := context.Cause(side); cause != nil {
		err = fmt.Errorf("%w\n%s", cause, demo.Tail(log, 20))
	}
	grace, free := context.WithTimeout(context.Background(), 10*time.Second)
	defer free()
	jvm.Stop(grace)
	cancel(nil)
	<-listening
	<-sampling
	return err
}

// load waits for the queries' first batches and then writes the load.
func (r recording) load(ctx context.Context, client transport.Client, tape *tape, length time.Duration) error {
	began := time.Now()
	rates := r.rates(int(length/time.Second) + 1)
	warm := load.Trace{int(r.low)}
	for tape.warm() < len(strings.Split(r.queries, ",")) {
		if time.Since(began) > startWithin {
			return errors.New("the queries ran no batches in time")
		}
		if err := produce(ctx, client, warm.Events(r.seed, 2*time.Second), 2*time.Second); err != nil {
			return err
		}
	}
	return produce(ctx, client, rates.Events(r.seed, length), length)
}

// produce writes a schedule to both topics at once.
func produce(ctx context.Context, client transport.Client, events []load.Event, length time.Duration) error {
	answers := make(chan error, 1)
	go func() {
		_, err := load.Run(ctx, load.Options{Producer: client, Topic: "answers", Events: events, Length: length})
		answers <- err
	}()
	_, err := load.Run(ctx, load.Options{Producer: client, Topic: "events", Events: events, Length: length})
	return errors.Join(err, <-answers)
}
