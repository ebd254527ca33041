package sim_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"rubato/env/sim"
)

func TestRandomDriversRunToTheirEnd(t *testing.T) {
	for kind := range sim.Kind(sim.NumKinds) {
		for seed := range uint64(10) {
			d := sim.RandomDriver(rand.New(rand.NewPCG(seed, uint64(kind))), kind)
			for i := range d.Queries {
				d.Queries[i].Duration = 2 * time.Minute
			}
			s, err := sim.NewDriver(d)
			if err != nil {
				t.Fatalf("%v %d: %v", kind, seed, err)
			}
			ticks := 0
			for {
				tick, ok := s.Next()
				if !ok {
					break
				}
				ticks++
				s.Act(tick.Query, int(tick.Observation.Rung)+int(seed%3)-1)
			}
			for i := range d.Queries {
				score := s.Score(i)
				if x := score.CostRate(d.Queries[i].Settings.Weights); !(x >= 0) || x > 1e9 || score.Reference <= 0 {
					t.Errorf("%v %d: query %d costs %v: %+v", kind, seed, i, x, score)
				}
			}
			if ticks < 2 {
				t.Errorf("%v %d: %d ticks", kind, seed, ticks)
			}
			if shared := len(d.Queries) > 1; shared != (kind == sim.Shared) {
				t.Errorf("%v %d: %d queries", kind, seed, len(d.Queries))
			}
		}
	}
}

func TestRandomDriversAreDrawnFromTheirSeedAlone(t *testing.T) {
	for kind := range sim.Kind(sim.NumKinds) {
		var scores [2]sim.Score
		for i := range scores {
			s, err := sim.NewDriver(sim.RandomDriver(rand.New(rand.NewPCG(9, 9)), kind))
			if err != nil {
				t.Fatal(err)
			}
			s.Run()
			scores[i] = s.Score(0)
		}
		if scores[0] != scores[1] || scores[0].Triggers == 0 {
			t.Errorf("%v: %+v, then %+v", kind, scores[0], scores[1])
		}
	}
}
