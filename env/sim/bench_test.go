package sim_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"rubato/env/sim"
)

// endless opens a query whose run b will not see the end of soon, and opens it
// anew when it does.
func endless(b *testing.B, c sim.Config) (s *sim.Sim, rewind func()) {
	b.Helper()
	c.Past = time.Hour
	start := open(b, c)
	s = &sim.Sim{}
	s.CopyFrom(start)
	return s, func() { s.CopyFrom(start) }
}

// BenchmarkTriggers counts the triggers, with batches of about ten events, that
// the physics alone gets through: fixed intervals, nothing observed.
func BenchmarkTriggers(b *testing.B) {
	c := config(b, 1, func() sim.Load { return sim.Steady(10) })
	c.Configured, c.Duration = time.Second, time.Hour
	s, rewind := endless(b, c)
	triggers := 0.0
	b.ReportAllocs()
	for b.Loop() {
		rewind()
		s.Run()
		triggers += s.Score(0).Triggers
	}
	b.ReportMetric(triggers/b.Elapsed().Seconds(), "triggers/s")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/triggers, "ns/trigger")
}

// BenchmarkTicks counts ticks, each observed and acted on, features left out.
func BenchmarkTicks(b *testing.B) {
	for name, load := range loads {
		b.Run(name, func(b *testing.B) {
			s, rewind := endless(b, config(b, 1, load))
			b.ReportAllocs()
			for b.Loop() {
				tick, ok := s.Next()
				if !ok {
					rewind()
					continue
				}
				way := int(tick.At/7e9)%3 - 1
				s.Act(tick.Query, int(tick.Observation.Rung)+way)
			}
		})
	}
}

// BenchmarkCopyFrom copies a query in the midst of its run.
func BenchmarkCopyFrom(b *testing.B) {
	s, c := open(b, config(b, 1, loads["bursty"])), &sim.Sim{}
	for range 500 {
		s.Next()
	}
	b.ReportAllocs()
	for b.Loop() {
		c.CopyFrom(s)
	}
}

// BenchmarkRandomDriver draws a random driver of 20 minutes and its arrivals.
func BenchmarkRandomDriver(b *testing.B) {
	for kind := range sim.Kind(sim.NumKinds) {
		b.Run(kind.String(), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := sim.NewDriver(sim.RandomDriver(rng, kind)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
