package spark

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rubato/configs"
	"rubato/env"
	"rubato/policy/pretrained"
	"rubato/policy/rules"
)

// Options of a benchmark.
type Options struct {
	// Rivals are names of Rivals; TopFixed stands for three of the grid.
	Rivals []string
	Traces []Trace
	// Length is that of each run's load, the lead-in included.
	Length  time.Duration
	Repeats int
	// Weights is the name of a profile.
	Weights string
	// Job is one of Jobs, Spark the version of Spark.
	Job, Spark string
	// Seeds draw the windows: one of each trace by each.
	Seeds []uint64
	// Policies are the networks whose runs are summed up, and those of any rules
	// beside: none is the shipped one, and rules as they are tuned now. The
	// simulator is asked about the shipped one whichever it was.
	Policies []string
	// Folder holds the recordings, Results is the results file, Calibration the
	// folder of the simulator's calibrations, and Sparks that of other Sparks.
	Folder, Results, Calibration, Sparks string
	Version                              string
	// Progress is told how much of the time is over, s, as it is reckoned; Say
	// gets a line for each run.
	Progress func(done, total int)
	Say      func(line string)
}

// Names of rivals that are not rules.
const (
	Frozen   = "frozen"
	Learning = "learning"
	// TopFixed stands for the three intervals of the fixed grid that the
	// simulator ranks best for the trace, before anything was run.
	TopFixed = "fixed-top3"
)

// jobs are the jobs by name, and the queries that each runs on one driver.
var jobs = map[string][]string{
	"files":   {"files"},
	"windows": {"windows"},
	"shared":  {"files", "windows"},
}

// bench is a benchmark on its way.
type bench struct {
	Options
	weights env.Weights
	broker  *broker
	number  int // of the runs started, for names
	done    int
	total   int
}

// ErrOptions says that a benchmark was asked for that cannot be run.
var ErrOptions = errors.New("cannot be run")

// Check says what is wrong with the options.
func (o *Options) Check() error {
	if o.Length < LeadIn+20*time.Second || o.Length > longestLoad {
		return fmt.Errorf("%w: runs of %v: want %v to %v, of which %v are the lead-in", ErrOptions, o.Length, LeadIn+20*time.Second, longestLoad, LeadIn)
	}
	if _, known := jobs[o.Job]; !known {
		return fmt.Errorf("%w: job %q: want files, windows or shared", ErrOptions, o.Job)
	}
	if profile(o.Weights) == (env.Weights{}) {
		return fmt.Errorf("%w: weights %q: want latency, balanced or thrifty", ErrOptions, o.Weights)
	}
	if o.Repeats < 1 || len(o.Rivals) == 0 || len(o.Seeds) == 0 {
		return fmt.Errorf("%w: %d repeats of %d rivals on windows of %d seeds", ErrOptions, o.Repeats, len(o.Rivals), len(o.Seeds))
	}
	if seeds := slices.Sorted(slices.Values(o.Seeds)); len(slices.Compact(seeds)) < len(o.Seeds) {
		return fmt.Errorf("%w: one of the seeds %v stands there twice", ErrOptions, o.Seeds)
	}
	for _, name := range o.Rivals {
		if name == Frozen || name == Learning || name == TopFixed {
			continue
		}
		e, ok := rules.Find(name)
		if !ok || e.Informed || e.Steps {
			return fmt.Errorf("%w: rival %q: want %s, %s, %s or one of %s", ErrOptions, name, Frozen, Learning, TopFixed, strings.Join(Rules(), ", "))
		}
	}
	return nil
}

// profile are the weights of that name.
func profile(name string) env.Weights {
	g := configs.Group{Profile: name}
	return env.Weights(g.Resolve(time.Second).Weights)
}

// Rules are the rules that can be asked for: those that act outright and know
// no future.
func Rules() []string {
	var names []string
	for _, e := range rules.Rivals() {
		if !e.Informed && !e.Steps {
			names = append(names, e.Name)
		}
	}
	return names
}

// Run plays what the results file does not have yet, and appends to it.
func Run(ctx context.Context, o Options) (err error) {
	if err := o.Check(); err != nil {
		return err
	}
	b := &bench{Options: o, weights: profile(o.Weights)}
	todo, err := b.plan()
	if err != nil || len(todo) == 0 {
		return err
	}
	if b.broker, err = startBroker(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.broker.close()) }()
	b.total = len(todo) * b.reckoned()
	for _, t := range todo {
		if err := b.one(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

const (
	// overhead is about what a run takes beside its load.
	overhead = warming + 10*time.Second
	// longestRun bounds a run, and longestLoad what may be asked for.
	longestRun  = 10 * time.Minute
	longestLoad = longestRun - warming - time.Minute
)

// policyOf is what Key.Policy is for a rival that plays now.
func policyOf(rival string) (string, error) {
	if rival == Frozen || rival == Learning {
		a, err := pretrained.Policy()
		if err != nil {
			return "", err
		}
		return a.Network.ID(), nil
	}
	e, _ := rules.Find(rival)
	return e.Describe(), nil
}

// reckoned is about what a run takes, s.
func (b *bench) reckoned() int { return int((b.Length + overhead).Seconds()) }

// task is a run to be done.
type task struct {
	key    Key
	window *Window
}

// plan lists the runs that are left: all rivals of a window before the next, so
// that a stop leaves whole windows, in an order that is rotated from window to
// window and from repeat to repeat.
func (b *bench) plan() ([]task, error) {
	records, err := ReadRecords(b.Results)
	if err != nil {
		return nil, err
	}
	done := map[Key]bool{}
	for i := range records {
		done[records[i].Key] = true
	}
	type stage struct {
		window *Window
		rivals []string
	}
	var stages []stage
	windows, err := b.windows()
	if err != nil {
		return nil, err
	}
	for _, w := range windows {
		rivals, err := b.rivals(w)
		if err != nil {
			return nil, err
		}
		stages = append(stages, stage{w, rivals})
	}
	var todo []task
	for repeat := range b.Repeats {
		for i, s := range stages {
			for _, rival := range rotate(s.rivals, i+repeat) {
				k := Key{
					Spark: b.Spark, Job: b.Job, Weights: b.Weights, Trace: s.window.Trace.Name, Minutes: b.Length.Minutes(),
					Seed: s.window.Seed, Repeat: repeat, Rival: rival,
				}
				if k.Policy, err = policyOf(rival); err != nil {
					return nil, err
				}
				if !done[k] {
					todo = append(todo, task{k, s.window})
				}
			}
		}
	}
	return todo, nil
}

// rivals are those that play a window.
func (b *bench) rivals(w *Window) ([]string, error) {
	var names []string
	for _, name := range b.Rivals {
		if name != TopFixed {
			names = append(names, name)
			continue
		}
		top, err := b.topFixed(w)
		if err != nil {
			return nil, err
		}
		names = append(names, top...)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func rotate(names []string, by int) []string {
	by %= len(names)
	return append(slices.Clone(names[by:]), names[:by]...)
}

// one plays a run and appends its record.
func (b *bench) one(ctx context.Context, t task) error {
	dir, err := os.MkdirTemp("", "rubato-bench-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b.number++
	bounded, cancel := context.WithTimeoutCause(ctx, longestRun, fmt.Errorf("a run took longer than %v", longestRun))
	defer cancel()
	r := newRun(b, t, dir)
	record, err := r.play(bounded)
	if err != nil {
		return fmt.Errorf("%s on %s: %w", t.key.Rival, t.window.Name, err)
	}
	if err := os.MkdirAll(filepath.Dir(b.Results), 0o755); err != nil {
		return fmt.Errorf("making the results' folder: %w", err)
	}
	if err := appendRecord(b.Results, record); err != nil {
		return err
	}
	b.done += b.reckoned()
	q := record.Queries[0]
	b.Say(fmt.Sprintf("%s %s %s: cost %.4f/s, mean latency %.0f ms, %d triggers, %d empty, %.0f ms a batch, %.1f CPU s",
		record.At.Format(time.TimeOnly), t.window.Name, t.key.Rival, record.CostRate, q.MeanMs, q.Triggers, q.Empties, q.BatchMs, record.CPUSeconds))
	return nil
}
