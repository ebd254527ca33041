package tournament

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"rubato/internal/parallel"
	"rubato/policy"
)

// Options say who plays on what.
type Options struct {
	Sources    []Source
	Kinds      []Kind
	Weightings []Weighting
	// Policy is the frozen policy; nil plays the rivals alone.
	Policy *policy.Artefact
	// Lines are played bare beside it, on the ladder and without a shield, by
	// their names.
	Lines map[string]*policy.Lines
	// Rivals are names (see RivalNames); none means all.
	Rivals []string
	// Seeds is how often each cell is played, Length for how long; Length 0
	// means whole traces (and an hour of a workload).
	Seeds  int
	Length time.Duration
	// EqualTriggers adds the comparison with AdaptiveStream's rule.
	EqualTriggers bool
	// Workers is how many bouts are played at a time; 0 means GOMAXPROCS. It
	// does not change the result.
	Workers int
	// Progress, where set, is told how many runs of the simulator are done, of
	// how many. It is called by several goroutines.
	Progress func(done, total int)
}

// ErrNothing says that there is nothing to play.
var ErrNothing = errors.New("nothing to play")

// Run plays the tournament. It ends early, with ctx's error, when ctx is done.
func Run(ctx context.Context, o Options) (*Result, error) {
	contestants, err := lineup(o.Policy, o.Lines, o.Rivals)
	if err != nil {
		return nil, err
	}
	return run(ctx, o, contestants)
}

func run(ctx context.Context, o Options, contestants []contestant) (*Result, error) {
	all := cells(o.Sources, o.Kinds, o.Weightings)
	if len(all) == 0 || len(contestants) == 0 || o.Seeds < 1 || o.Length < 0 {
		return nil, fmt.Errorf("%d cells, %d rivals, %d seeds of %v: %w", len(all), len(contestants), o.Seeds, o.Length, ErrNothing)
	}
	t := &table{options: o, cells: all, contestants: contestants}
	t.outcomes = make([][]*outcome, len(all)*o.Seeds)
	t.judged = make([]*judged, len(all))
	t.left = make([]atomic.Int32, len(all))
	for i := range t.left {
		t.left[i].Store(int32(o.Seeds))
	}
	t.total = t.count()
	if err := parallel.Do(ctx, o.Workers, len(t.outcomes), t.bout); err != nil {
		return nil, err
	}
	r := t.result()
	if o.EqualTriggers && o.Policy != nil {
		var err error
		if r.EqualTriggers, err = equalTriggers(ctx, o); err != nil {
			return nil, err
		}
	}
	r.Goals = goals(r)
	return r, nil
}

// table is a tournament in course. Each bout writes its own outcomes; the last
// of a cell judges it.
type table struct {
	options     Options
	cells       []Cell
	contestants []contestant
	outcomes    [][]*outcome // by cell and seed, then contestant
	left        []atomic.Int32
	judged      []*judged
	total       int
	done        atomic.Int64
}

// count is how many runs of the simulator there will be.
func (t *table) count() int {
	n := 0
	for _, c := range t.cells {
		for i := range t.contestants {
			if x := &t.contestants[i]; x.skip == nil || !x.skip(c) {
				n += t.options.Seeds
			}
		}
	}
	return n
}

// bout plays the i-th bout: all contestants of a cell and a seed.
func (t *table) bout(ctx context.Context, i int) error {
	cell, seed := i/t.options.Seeds, i%t.options.Seeds
	b, err := newBout(t.cells[cell], seed, t.options.Length)
	if err != nil {
		return err
	}
	outs := make([]*outcome, len(t.contestants))
	for k := range t.contestants {
		c := &t.contestants[k]
		if c.skip != nil && c.skip(b.cell) {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p, err := c.make(b)
		if err != nil {
			return fmt.Errorf("cell %v: %w", b.cell, err)
		}
		if outs[k], err = b.play(p, c.plain); err != nil {
			return err
		}
		if t.options.Progress != nil {
			t.options.Progress(int(t.done.Add(1)), t.total)
		}
	}
	t.outcomes[i] = outs
	if t.left[cell].Add(-1) == 0 {
		t.judge(cell)
	}
	return nil
}
