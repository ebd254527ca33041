package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"rubato/checkpoints"
	"rubato/checkpoints/boltfile"
	"rubato/configs"
	"rubato/env"
	"rubato/internal/app"
	"rubato/internal/load"
	"rubato/internal/report"
)

// Options of a demo.
type Options struct {
	// Length is that of both halves together.
	Length time.Duration
	Seed   uint64
	// Trace is a CSV file to take the load from; empty for the bursty load.
	Trace string
	// Profile names the reward weights.
	Profile string
	// Keep leaves everything running at the end, until ctx ends.
	Keep bool
	// Dir receives the logs, the stores and the broker's data; empty for
	// .rubato/demo-<seed>.
	Dir     string
	Version string
	// Out receives the live line and all else that is for people.
	Out io.Writer
	// Result receives the figures as soon as they are known.
	Result func(report.Result) error
}

const (
	topic = "demo"
	// mark begins the configuration in a demo's folder.
	mark = "# Written by rubato demo."
	// interval is the job's configured interval.
	interval = 2 * time.Second
	// warmBatches is how many batches the job runs before the first half.
	warmBatches = 5
	// startWithin bounds Spark's start up to the first batches.
	startWithin = 3 * time.Minute
	// drainWithin bounds the pause between the halves.
	drainWithin = 30 * time.Second
)

// ErrPrepare says that nothing was started: the length, the trace or the folder is
// not one that a demo can have.
var ErrPrepare = errors.New("preparing the demo")

// demo is a demo in progress.
type demo struct {
	o      Options
	events []load.Event
	live   *live
	rec    *recorder
	config string
	log    string
	tuner  *app.App
	jvm    *JVM
	began  time.Time
	// weights are the profile's, for the costs.
	weights env.Weights
}

// Run runs a demo to its end.
func Run(ctx context.Context, o Options) error {
	if o.Dir == "" {
		o.Dir = filepath.Join(".rubato", fmt.Sprintf("demo-%d", o.Seed))
	}
	d := &demo{o: o, live: newLive(o.Out, o.Length), rec: newRecorder(topic)}
	defer d.close()
	if err := d.prepare(); err != nil {
		return fmt.Errorf("%w: %w", ErrPrepare, err)
	}
	if err := d.start(ctx); err != nil {
		return err
	}
	result, err := d.halves(ctx)
	d.live.done()
	if err != nil {
		return d.explain(err)
	}
	d.live.say("the agent put %d commands in force", d.rec.commands())
	return d.finish(result, func() { d.keep(ctx) })
}

// finish hands the figures over, then keeps everything running if it is to be.
func (d *demo) finish(result report.Result, keep func()) error {
	if err := d.o.Result(result); err != nil {
		return err
	}
	if d.o.Keep {
		keep()
	}
	return nil
}

// prepare makes the folder anew, the schedule, and the configuration.
func (d *demo) prepare() error {
	if min := 2 * (report.LeadIn + 10*time.Second); d.o.Length < min {
		return fmt.Errorf("%v is too short: each half leaves out its first %v; give it %v or more", d.o.Length, report.LeadIn, min)
	}
	half := d.o.Length / 2
	if d.o.Trace == "" {
		d.events = load.Bursty(d.o.Seed, half)
	} else {
		trace, err := load.ReadTrace(d.o.Trace)
		if err != nil {
			return err
		}
		d.events = trace.Events(d.o.Seed, half)
	}
	d.config = filepath.Join(d.o.Dir, "rubato.yaml")
	if err := d.clear(); err != nil {
		return err
	}
	d.log = filepath.Join(d.o.Dir, "spark.log")
	return d.setMode("observe")
}

// clear makes the folder anew. A folder that holds something and is not a
// demo's, or whose stores a process has open, is left alone.
func (d *demo) clear() error {
	entries, err := os.ReadDir(d.o.Dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("looking into the demo's folder: %w", err)
	}
	if text, _ := os.ReadFile(d.config); len(entries) > 0 && !strings.HasPrefix(string(text), mark) {
		return fmt.Errorf("the folder %s holds something else than a demo: name another with --dir", d.o.Dir)
	}
	var held *boltfile.HeldError
	if s, err := checkpoints.Open(d.store(), checkpoints.Options{ReadOnly: true}); errors.As(err, &held) {
		return fmt.Errorf("the folder %s is in use: %w: end that process, or name another folder with --dir", d.o.Dir, held)
	} else if err == nil {
		_ = s.Close() // it was only read
	}
	for _, e := range entries { // not the folder itself: it may be the one that we are in
		if err := os.RemoveAll(filepath.Join(d.o.Dir, e.Name())); err != nil {
			return fmt.Errorf("clearing the demo's folder: %w", err)
		}
	}
	if err := os.MkdirAll(d.o.Dir, 0o755); err != nil {
		return fmt.Errorf("making the demo's folder: %w", err)
	}
	return nil
}

// store is where the tuner's checkpoints are.
func (d *demo) store() string { return filepath.Join(d.o.Dir, "checkpoints.db") }

// setMode writes the configuration; the tuner reloads it.
func (d *demo) setMode(mode string) error {
	text := fmt.Sprintf(mark+`
kafka: {listen: "127.0.0.1:0", data: %q}
http: {listen: "127.0.0.1:0"}
store: {checkpoints: %q, journal: %q, keep: 20, every: 30s}
seed: %d
groups:
  - name: demo
    match: ["rubato-demo/*"]
    mode: %s
    policy: learned
    profile: %s
`, filepath.Join(d.o.Dir, "broker"), d.store(),
		filepath.Join(d.o.Dir, "journal.db"), d.o.Seed, mode, d.o.Profile)
	if err := os.WriteFile(d.config, []byte(text), 0o644); err != nil {
		return fmt.Errorf("writing the demo's configuration: %w", err)
	}
	if d.tuner == nil {
		return nil
	}
	return d.tuner.Reload()
}

// start starts the tuner with its broker, then Spark, and waits until the job
// is warm.
func (d *demo) start(ctx context.Context) error {
	cfg, err := configs.LoadFile(d.config, app.Known())
	if err != nil {
		return err
	}
	g := cfg.Groups[cfg.Match("rubato-demo/events")]
	d.weights = env.Weights(g.Resolve(interval).Weights)
	d.live.say("starting the tuner with the shipped policy")
	logFile, err := os.Create(filepath.Join(d.o.Dir, "rubato.log"))
	if err != nil {
		return fmt.Errorf("creating the tuner's log: %w", err)
	}
	d.tuner, err = app.Start(ctx, app.Options{
		Config: cfg, ConfigPath: d.config, FileAlone: true, Version: d.o.Version,
		Log:     zerolog.New(logFile).With().Timestamp().Logger(),
		Message: d.rec.message, Step: d.rec.step,
	})
	if err != nil {
		return fmt.Errorf("starting the tuner: %w", err)
	}
	if err := d.tuner.Client().EnsureTopics(ctx, load.Partitions, topic); err != nil {
		return err
	}
	broker := d.tuner.Brokers()[0]
	d.live.say("broker on %s, tuner on http://%s, Spark's log in %s", broker, d.tuner.HTTP(), d.log)
	d.jvm, err = StartJVM(Job{
		Class: "io.rubato.jobs.DemoJob", Log: d.log, Agent: "brokers=" + broker,
		Args: []string{
			"--brokers", broker, "--topic", topic, "--interval", interval.String(), "--sink", "noop",
			"--checkpoint", filepath.Join(d.o.Dir, "spark"), "--name", "events", "--watch-stdin", "true",
		},
	})
	if err != nil {
		return err
	}
	return d.explain(d.warm(ctx))
}

// warm runs the load's first seconds until the job has run its first batches.
func (d *demo) warm(ctx context.Context) error {
	d.live.say("waiting for Spark to start and load its classes")
	ctx, cancel := context.WithTimeoutCause(ctx, startWithin, errors.New("the Spark job ran no batches in time"))
	defer cancel()
	events := load.Bursty(d.o.Seed+1, 20*time.Second)
	for d.rec.Ran() < warmBatches {
		if err := d.alive(ctx); err != nil {
			return err
		}
		if _, err := load.Run(ctx, load.Options{
			Producer: d.tuner.Client(), Topic: topic, Events: events, Length: 2 * time.Second,
		}); err != nil {
			return err
		}
	}
	return nil
}

// halves runs both halves in the order of the seed's parity.
func (d *demo) halves(ctx context.Context) (report.Result, error) {
	r := report.Result{Seed: d.o.Seed}
	d.began = time.Now()
	order := []string{"observe", "learn"}
	if d.o.Seed%2 == 0 {
		order = []string{"learn", "observe"}
	}
	for _, mode := range order {
		h, err := d.half(ctx, mode)
		if err != nil {
			return r, err
		}
		if mode == "learn" {
			r.After = h
			continue
		}
		r.Before = h
	}
	r.Decisions = d.rec.decisions()
	return r, nil
}

// half runs one half: the load, then the wait until all of it was taken.
func (d *demo) half(ctx context.Context, mode string) (report.Half, error) {
	if err := d.setMode(mode); err != nil {
		return report.Half{}, err
	}
	watch, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-d.jvm.Done():
			cancel(d.jvm.Err())
		case <-watch.Done():
		}
	}()
	name := map[string]string{"observe": "before", "learn": "after"}[mode]
	begin := time.Now()
	shown := begin.Add(-time.Second)
	events, err := load.Run(watch, load.Options{
		Producer: d.tuner.Client(), Topic: topic, Events: d.events, Length: d.o.Length / 2,
		Progress: func(time.Duration, int) {
			if now := time.Now(); now.Sub(shown) >= 500*time.Millisecond {
				shown = now
				d.show(now, name)
			}
		},
	})
	if err != nil {
		return report.Half{}, errors.Join(context.Cause(watch), err)
	}
	end := time.Now()
	for deadline := end.Add(drainWithin); !d.rec.Drained(events); {
		if time.Now().After(deadline) {
			d.live.say("not everything was taken within %v: what is left is named below", drainWithin)
			break
		}
		if err := d.alive(watch); err != nil {
			return report.Half{}, err
		}
		select {
		case <-watch.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
	observed := d.rec.Observed(begin.Add(report.LeadIn), end, events)
	observed.Weights = d.weights
	return report.Measure(observed)
}

func (d *demo) show(now time.Time, half string) {
	s := status{half: half, action: d.rec.action(), latency: d.rec.LastLatency()}
	for _, q := range d.tuner.Snapshots() {
		s.rate, s.backlog = q.Rate, q.Backlog
		s.interval = time.Duration(q.EffectiveMs) * time.Millisecond
		s.triggers, s.empty = int(q.Counters.Triggers), int(q.Counters.EmptyTriggers)
	}
	d.live.show(now, now.Sub(d.began), s)
}

// alive tells why the demo cannot go on, if it cannot.
func (d *demo) alive(ctx context.Context) error {
	if how, over := d.rec.Over(); over {
		return fmt.Errorf("the streaming query ended: %s", how)
	}
	select {
	case <-d.jvm.Done():
		return d.jvm.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	default:
		return nil
	}
}

// explain adds what Spark said last to an error.
func (d *demo) explain(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w\nthe end of %s:\n%s", err, d.log, Tail(d.log, 15))
}

// keep leaves everything running in learn mode until ctx ends.
func (d *demo) keep(ctx context.Context) {
	if err := d.setMode("learn"); err != nil {
		d.live.say("%v", err)
	}
	d.live.say("left running, in learn mode: http://%s (try `rubato status --address %s`); Ctrl-C ends it", d.tuner.HTTP(), d.tuner.HTTP())
	for ctx.Err() == nil && d.alive(ctx) == nil {
		_, _ = load.Run(ctx, load.Options{Producer: d.tuner.Client(), Topic: topic, Events: d.events, Length: d.o.Length / 2})
	}
}

// close ends Spark first, then the tuner.
func (d *demo) close() {
	if d.jvm != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
		defer cancel()
		d.jvm.Stop(ctx)
	}
	if d.tuner != nil {
		d.tuner.Stop()
	}
}
