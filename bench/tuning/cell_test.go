package tuning

import (
	"math/rand/v2"
	"testing"
	"time"

	"rubato/env"
	"rubato/env/forecast"
	"rubato/env/sim"
)

// Typical drivers alone have a ladder from 0.1 to 30 s.
func TestTwoInThreeCellsAreTypical(t *testing.T) {
	const each = 6
	cells, err := Draw(each, 1, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for k, mine := range cells.byKind {
		typical := 0
		for _, c := range mine {
			l := c.queries[0].ladder
			if l.Interval(0) == 100*time.Millisecond && l.Interval(l.Len()-1) == 30*time.Second {
				typical++
			}
		}
		if typical != each*2/3 {
			t.Errorf("%v: %d of %d cells are typical", regimes[k].kind, typical, each)
		}
	}
}

func TestRulesSeeTheForecastThatThePolicySees(t *testing.T) {
	c, err := NewCell(sim.Sighted, false, 5, 2*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	d := sim.RandomDriver(rand.New(rand.NewPCG(5, 4)), sim.Sighted)
	d.Queries[0].Duration = 2 * time.Minute
	d.Queries[0].Forecaster = func() env.Forecaster { return forecast.New() }
	s, err := sim.NewDriver(d)
	if err != nil {
		t.Fatal(err)
	}
	ticks := 0
	for want, ok := s.Next(); ok; want, ok = s.Next() {
		if got, _ := c.start.Next(); got.Observation != want.Observation {
			t.Fatalf("at %v s it sees %+v, the policy %+v", want.At.Sub(0), got.Observation, want.Observation)
		}
		ticks++
	}
	if ticks < 100 {
		t.Errorf("%d ticks", ticks)
	}
}
