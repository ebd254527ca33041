package tournament

import (
	"fmt"
	"hash/fnv"
	"time"

	"rubato/env"
	"rubato/env/sim"
)

// Cell is a source, a kind of query and a weighting.
type Cell struct {
	Source    Source
	Kind      Kind
	Weighting Weighting
}

// Group is what the cell counts for.
func (c Cell) Group() Group {
	if c.Weighting.Target > 0 {
		return Target
	}
	return c.Kind.Group
}

// String is source/kind/weighting.
func (c Cell) String() string {
	return c.Source.Name + "/" + c.Kind.Name + "/" + c.Weighting.Name
}

// cells is every sensible combination: a weighting with a target goes with the
// sighted kinds only.
func cells(sources []Source, kinds []Kind, weightings []Weighting) []Cell {
	var all []Cell
	for _, s := range sources {
		for _, k := range kinds {
			for _, w := range weightings {
				if w.Target == 0 || k.Group == Sighted {
					all = append(all, Cell{s, k, w})
				}
			}
		}
	}
	return all
}

// What all rivals have alike.
const (
	// configured is the job's own interval, which a run starts at.
	configured = 2 * time.Second
	// roundTrip is from a decision to its effect, as measured on a real driver.
	roundTrip = 3 * time.Millisecond
	// grace is the time to work off what is not yet a debt.
	grace = 10 * time.Second
	// batchNoise is the deviation of the logarithm of a batch's duration.
	batchNoise = 0.1
)

// ladder is that of every query: the ends of the fixed grid.
func ladder() (env.Ladder, error) { return env.NewLadder(100*time.Millisecond, 30*time.Second) }

// bout is a cell and a seed: all that is the same for every rival.
type bout struct {
	cell   Cell
	driver sim.Driver
	index  map[env.QueryKey]int
	ladder env.Ladder
	// place is that of the first query's first block in the source.
	place int
	// future is what is to come, by query, once a rival asked for it.
	future []foresight
	// base and basePlain are the bout at its start, with and without a
	// forecaster; scratch is what is played on.
	base, basePlain *sim.Sim
	scratch         sim.Sim
}

// newBout cuts the cell's window for a seed. length is how long to play, 0 for
// all that there is.
func newBout(c Cell, seed int, length time.Duration) (*bout, error) {
	return newBoutAgain(c, seed, 0, length)
}

// newBoutAgain is newBout with the same queries, and other arrivals for each
// value of apart. Only workloads have others.
func newBoutAgain(c Cell, seed, apart int, length time.Duration) (*bout, error) {
	l, err := ladder()
	if err != nil {
		return nil, err
	}
	b := &bout{cell: c, ladder: l, index: map[env.QueryKey]int{}}
	b.driver = sim.Driver{Cores: 1, Contention: 1}
	if c.Kind.Queries > 4 {
		b.driver.Cores = 2
	}
	for i := range c.Kind.Queries {
		n := draw{seed: seed, query: i, queries: c.Kind.Queries}
		w, err := c.Source.cut(n, length, c.Kind.Rate)
		if err != nil {
			return nil, fmt.Errorf("cell %v: %w", c, err)
		}
		cfg := sim.Config{
			Query: env.QueryKey(fmt.Sprintf("tournament/%d", i)), Run: "1",
			Seed:     seedOf(c.Source.Name, c.Kind.Name, n.again(apart)),
			Duration: w.length, Load: w.load, Reference: w.reference,
			Settings: env.Settings{
				Weights: c.Weighting.Weights, Target: c.Weighting.Target, Ladder: l, Grace: grace,
			},
			Configured: configured, RoundTrip: roundTrip, Noise: batchNoise,
			Overhead: c.Kind.Overhead, PerRow: c.Kind.Utilisation / c.Kind.Rate,
			Forecaster: newForecaster,
		}
		if c.Kind.shape != nil {
			c.Kind.shape(&cfg)
		}
		b.index[cfg.Query] = i
		b.driver.Queries = append(b.driver.Queries, cfg)
		if i == 0 {
			b.place = w.place
		}
	}
	return b, nil
}

// start returns the bout at its start, good until the next call.
func (b *bout) start(plain bool) (*sim.Sim, error) {
	at := &b.base
	if plain {
		at = &b.basePlain
	}
	if *at == nil {
		s, err := b.open(func(_ int, c *sim.Config) {
			if plain {
				c.Forecaster = nil
			}
		})
		if err != nil {
			return nil, err
		}
		*at = s
	}
	b.scratch.CopyFrom(*at)
	return &b.scratch, nil
}

// open makes the bout's queries, changed by f. What is drawn for the reference
// rate is drawn once.
func (b *bout) open(f func(i int, c *sim.Config)) (*sim.Sim, error) {
	d := b.driver
	d.Queries = append([]sim.Config(nil), d.Queries...)
	for i := range d.Queries {
		f(i, &d.Queries[i])
	}
	var s *sim.Sim
	var err error
	if len(d.Queries) == 1 {
		s, err = sim.New(d.Queries[0])
	} else {
		s, err = sim.NewDriver(d)
	}
	if err != nil {
		return nil, fmt.Errorf("cell %v: %w", b.cell, err)
	}
	for i := range b.driver.Queries {
		b.driver.Queries[i].Reference = s.Score(i).Reference
	}
	return s, nil
}

// seedOf draws a seed from names and numbers. The weighting is not among them:
// all weightings meet the same arrivals.
func seedOf(source, kind string, n draw) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s\x00%s\x00%d\x00%d", source, kind, n.seed, n.query)
	return h.Sum64()
}
