package bench

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"

	"rubato/env/sim"
	"rubato/env/sim/traces"
)

// ErrNothing says that there is nothing to judge on.
var ErrNothing = errors.New("nothing to judge on")

const (
	// meanRate is what generated loads and traces are scaled to, events/s.
	meanRate = 100
	// seconds is the length of a generated series.
	seconds = 3600
	// shortest is the length of the shortest trace, s: twice the warm-up.
	shortest = 2 * warm
)

// Workloads are the simulator's generators, each series a fresh draw of its
// shape.
func Workloads() []Family {
	var families []Family
	for _, w := range sim.Workloads() {
		families = append(families, Family{Name: w.Name, Bursty: w.Bursty, Draw: func(rng *rand.Rand) *Series {
			return draw(sim.Scaled(w.New(rng), meanRate), seconds, rng)
		}})
	}
	return families
}

// draw takes a load's mean rates and draws Poisson counts of them.
func draw(load sim.Load, seconds int, rng *rand.Rand) *Series {
	s := &Series{Counts: make([]float64, seconds), Means: make([]float64, seconds)}
	for t := range seconds {
		s.Means[t] = load.Next(rng)
		s.Counts[t] = sim.Poisson(rng, s.Means[t])
	}
	return s
}

// Traces are the CSV traces of a folder, or one file, in the order of their
// names. A seed draws other Poisson counts of the same trace: seeds of a trace
// are not independent of each other.
func Traces(path string) ([]Family, error) {
	paths, err := traces.Paths(path)
	if err != nil {
		return nil, err
	}
	var families []Family
	for _, p := range paths {
		t, err := traces.Read(p)
		if err != nil {
			return nil, err
		}
		if t.Len() < shortest {
			return nil, fmt.Errorf("trace %s: %d s, want at least %d: %w", p, t.Len(), shortest, ErrNothing)
		}
		load := t.Load(meanRate/t.Mean(0, t.Len()), 0)
		families = append(families, Family{
			Name: strings.TrimSuffix(filepath.Base(p), filepath.Ext(p)),
			Draw: func(rng *rand.Rand) *Series { return draw(load(), t.Len(), rng) },
		})
	}
	if len(families) == 0 {
		return nil, fmt.Errorf("folder %s: no .csv in it: %w", path, ErrNothing)
	}
	return families, nil
}
