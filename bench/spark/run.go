package spark

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"rubato/internal/demo"
	"rubato/internal/load"
	"rubato/internal/report"
)

const (
	// appName names the queries: their keys are appName/<query>.
	appName = "bench"
	// configured is the jobs' own interval, which holds until the rival takes
	// over: batches follow one another.
	configured = 100 * time.Millisecond
	// warming is how long that is, from the driver's start. The JVM's compiler
	// counts work: after less of it, a rival that triggers often would warm its
	// own driver up.
	warming = 4 * time.Minute
	// warmBatches is how many batches each query has run by then at least.
	warmBatches = 100
	// startWithin bounds Spark's start up to those.
	startWithin = 5 * time.Minute
	// drainWithin bounds the wait for the last events to be taken.
	drainWithin = 70 * time.Second
	stopGrace   = 10 * time.Second
)

// controller holds the queries to what a rival decides. It watches from its
// start on, and commands nothing before Take.
type controller interface {
	// Take lets the rival decide from now on.
	Take() error
	Close()
}

// run is one run on its way.
type run struct {
	*bench
	task
	dir, topic, prefix string
	recorders          map[string]*report.Recorder // by query key
	jvm                *demo.JVM
	log                string
	began              time.Time
	record             Record
}

func newRun(b *bench, t task, dir string) *run {
	r := &run{
		bench: b, task: t, dir: dir, log: filepath.Join(dir, "spark.log"), began: time.Now(),
		topic: fmt.Sprintf("events-%d", b.number), prefix: fmt.Sprintf("rubato-%d", b.number),
		recorders: map[string]*report.Recorder{},
	}
	for _, q := range jobs[b.Job] {
		r.recorders[appName+"/"+q] = report.NewRecorder(r.topic)
	}
	return r
}

// message passes a message of the metrics topic to its query's recorder.
func (r *run) message(key string, value []byte) {
	if rec := r.recorders[key]; rec != nil {
		rec.Message(value)
	}
}

// play runs the driver and the load under the rival.
func (r *run) play(ctx context.Context) (*Record, error) {
	r.record = Record{Key: r.key, At: time.Now().UTC().Truncate(time.Second), Broker: brokerName,
		Load: [2]float64{loadAverage()}, Cores: runtime.NumCPU()}
	if err := errors.Join(r.broker.client.EnsureTopics(ctx, load.Partitions, r.topic),
		r.broker.client.EnsureTopics(ctx, 1, r.prefix+".metrics", r.prefix+".decisions")); err != nil {
		return nil, err
	}
	c, err := r.controller(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	classes, err := r.classPath()
	if err != nil {
		return nil, err
	}
	if r.jvm, err = demo.StartJVM(demo.Job{
		Class: "io.rubato.jobs.CalibrationJob", Spark: classes, Log: r.log, Agent: "brokers=" + r.broker.addr + ",prefix=" + r.prefix,
		Args: []string{
			"--brokers", r.broker.addr, "--queries", strings.Join(jobs[r.Job], ","), "--interval", configured.String(),
			"--work", r.dir, "--app", appName, "--topic", r.topic, "--watch-stdin", "true",
		},
	}); err != nil {
		return nil, err
	}
	defer func() {
		grace, cancel := context.WithTimeout(context.Background(), stopGrace)
		defer cancel()
		r.jvm.Stop(grace)
	}()
	watch, cancel := r.watch(ctx)
	defer cancel(nil)
	if err := r.measure(watch, c); err != nil {
		if cause := context.Cause(watch); cause != nil {
			err = cause
		}
		if errors.Is(err, context.Canceled) {
			return nil, err
		}
		return nil, fmt.Errorf("%w\nthe end of Spark's log:\n%s", err, demo.Tail(r.log, 15))
	}
	r.record.Load[1] = loadAverage()
	return &r.record, nil
}

// watch ends the run when its driver ends.
func (r *run) watch(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	watch, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-r.jvm.Done():
			cancel(r.jvm.Err())
		case <-watch.Done():
		}
	}()
	return watch, cancel
}

// measure warms the driver up, hands it to the rival, and plays the lead-in and
// the window.
func (r *run) measure(ctx context.Context, c controller) error {
	if err := r.warm(ctx); err != nil {
		return err
	}
	if err := c.Take(); err != nil {
		return err
	}
	if _, err := r.write(ctx, r.window.Lead, LeadIn); err != nil {
		return err
	}
	from := time.Now()
	before := r.spent()
	events, err := r.write(ctx, r.window.Events, r.Length-LeadIn)
	if err != nil {
		return err
	}
	to, after := time.Now(), r.spent()
	if err := r.drain(ctx, events); err != nil {
		return err
	}
	r.record.Seconds = to.Sub(from).Seconds()
	r.record.CPUSeconds = after.cpu - before.cpu
	r.record.Files, r.record.Bytes = after.files-before.files, after.bytes-before.bytes
	return r.figures(from, to, events)
}

// warm writes events at the window's mean rate until the driver is warm.
func (r *run) warm(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startWithin, errors.New("the Spark job ran no batches in time"))
	defer cancel()
	for over := false; !over || !r.every(func(q *report.Recorder) bool { return q.Ran() >= warmBatches }); {
		if _, err := r.write(ctx, r.window.Lead, time.Second); err != nil {
			return err
		}
		over = time.Since(r.began) >= warming
	}
	return nil
}

// write plays a schedule.
func (r *run) write(ctx context.Context, events []load.Event, length time.Duration) ([]report.Event, error) {
	return load.Run(ctx, load.Options{
		Producer: r.broker.client, Topic: r.topic, Events: events, Length: length,
		Progress: func(time.Duration, int) {
			r.Progress(r.done+min(int(time.Since(r.began).Seconds()), r.reckoned()), r.total)
		},
	})
}

// drain waits until batches have taken all events. What is left then is told in
// the record.
func (r *run) drain(ctx context.Context, events []report.Event) error {
	ctx, cancel := context.WithTimeout(ctx, drainWithin)
	defer cancel()
	for !r.every(func(q *report.Recorder) bool { return q.Drained(events) }) {
		for _, q := range r.recorders {
			if how, over := q.Over(); over {
				return fmt.Errorf("the streaming query ended: %s", how)
			}
		}
		select {
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
				return nil
			}
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

func (r *run) every(is func(*report.Recorder) bool) bool {
	for _, q := range r.recorders {
		if !is(q) {
			return false
		}
	}
	return true
}

// figures works out what the run did to each query.
func (r *run) figures(from, to time.Time, events []report.Event) error {
	for key, rec := range r.recorders {
		o := rec.Observed(from, to, events)
		o.Weights = r.weights
		h, err := report.Measure(o)
		if err != nil {
			return fmt.Errorf("query %s: %w", key, err)
		}
		stats := rec.Stats()
		f := Figures{
			Query: key, Events: h.Events, MeanMs: h.MeanLatencyMs, P50Ms: h.P50LatencyMs, P95Ms: h.P95LatencyMs, P99Ms: h.P99LatencyMs,
			Triggers: h.Triggers, Empties: h.EmptyTriggers, Batches: h.Batches, CostRate: h.CostRate,
			BatchMs: meanBatch(o), Inferred: h.Inferred, Untaken: h.Untaken, Commands: stats.Applied,
		}
		f.RoundTripMs, _ = stats.RoundTrip.Quantile(0.5)
		r.record.Queries = append(r.record.Queries, f)
		r.record.CostRate += h.CostRate
	}
	slices.SortFunc(r.record.Queries, func(a, b Figures) int { return strings.Compare(a.Query, b.Query) })
	return nil
}

// meanBatch is the mean duration of the batches that ended in the window, ms.
func meanBatch(o report.Observed) float64 {
	var sum time.Duration
	n := 0
	for _, b := range o.Batches {
		if !b.Ended.Before(o.From) && b.Ended.Before(o.To) && !b.Began.IsZero() {
			sum += b.Ended.Sub(b.Began)
			n++
		}
	}
	return float64(sum.Microseconds()) / 1e3 / float64(max(n, 1))
}
