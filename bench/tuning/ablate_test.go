package tuning

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"rubato/env"
	"rubato/env/sim"
)

func TestTheHouseAsItIsStandsWhereItStands(t *testing.T) {
	as, same := Variants()[0], Variant{Name: "the same", Ratio: env.Ratio, Period: env.DefaultPeriod}
	all, err := Ablate(sim.Sighted, 1, 2, 2*time.Minute, []Variant{as, same, {Name: "slow", Period: 2 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(all[0].Rule-1) > 1e-12 || all[1].Line != all[0].Line || all[1].Rule != all[0].Rule || all[1].Error != 0 {
		t.Errorf("the same drivers gave %+v", all)
	}
	if all[2].Line == all[0].Line {
		t.Error("slow ticks changed nothing")
	}
}

func TestAVariantsLadderHasItsRatioAndItsEnds(t *testing.T) {
	l, err := env.NewLadder(100*time.Millisecond, 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	v := Variant{Ratio: 2}
	got, err := v.ladder(l)
	if err != nil || got.Len() != 10 || got.Interval(1) != 200*time.Millisecond || got.Interval(9) != 30*time.Second {
		t.Errorf("%d rungs, %v", got.Len(), err)
	}
}

func TestForetoldSecondsAreThoseThatCome(t *testing.T) {
	d := sim.RandomDriver(rand.New(rand.NewPCG(3, 1)), sim.Sighted)
	d.Queries[0].Duration = 2 * time.Minute
	all, err := countSeconds(d, 2*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	f := &foretold{seconds: all[0]}
	came, next := 0.0, 1
	d.Queries[0].OnArrival = func(at env.Time, n float64) {
		for ; second(at) >= next; next++ {
			var rate, spread [3]float64
			f.Step(env.Time(next-1)*1e9, 0)
			if f.Predict(&rate, &spread); rate[0] != came {
				t.Errorf("second %d brought %g, foretold were %g", next, came, rate[0])
			}
			came = 0
		}
		came += n
	}
	s, err := sim.NewDriver(d)
	if err != nil {
		t.Fatal(err)
	}
	s.Run()
	if next < 60 {
		t.Errorf("events came in %d seconds only", next)
	}
}

func TestARivalPlaysInTheLinesPlace(t *testing.T) {
	all, err := Ablate(sim.Sighted, 1, 2, 2*time.Minute, []Variant{
		{Name: "line"}, {Name: "dear", Rival: "fixed-100ms"}, {Name: "dear, foretold", Rival: "fixed-100ms", Foretold: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	if all[1].Line == all[0].Line || all[2].Line != all[1].Line {
		t.Errorf("the line cost %g, a fixed interval %g, and %g with a forecast that it does not look at", all[0].Line, all[1].Line, all[2].Line)
	}
	if _, err := Ablate(sim.Sighted, 1, 1, time.Minute, []Variant{{Name: "line"}, {Name: "x", Rival: "no such rule"}}); err == nil {
		t.Error("a rule that is not there played")
	}
}
