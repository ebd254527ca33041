package bench

import (
	"math/rand/v2"

	"rubato/env/forecast/train"
	"rubato/env/sim"
)

const (
	// meanRate is what generated loads and traces are scaled to, events/s.
	meanRate = 100
	// seconds is the length of a generated series.
	seconds = 3600
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
		s.Counts[t] = train.Poisson(rng, s.Means[t])
	}
	return s
}
