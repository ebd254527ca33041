package tuning_test

import (
	"math"
	"reflect"
	"runtime"
	"testing"
	"time"

	"rubato/bench/tuning"
	"rubato/env/sim"
	"rubato/policy/rules"
)

func draw(t testing.TB, seed uint64) *tuning.Cells {
	t.Helper()
	c, err := tuning.Draw(2, seed, 2*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func find(t testing.TB, name string) rules.Entry {
	t.Helper()
	e, ok := rules.Find(name)
	if !ok {
		t.Fatalf("no rule %q", name)
	}
	return e
}

func TestTheRuleThatAllAreMeasuredByStandsAtOne(t *testing.T) {
	cells := draw(t, 1).For(rules.Every, 10)
	if x := tuning.Ratio(cells, find(t, "waiting-cost-0.6"), nil); x != 1 {
		t.Errorf("it stands at %v of itself", x)
	}
	if x := tuning.Ratio(cells, find(t, "fixed-30s"), nil); !(x > 1) {
		t.Errorf("half a minute whatever comes is at %v", x)
	}
}

func TestARuleIsJudgedOnWhatItIsMeantForInTurn(t *testing.T) {
	c := draw(t, 1)
	mine := c.For(rules.Sighted|rules.Blind, 3)
	var kinds []sim.Kind
	for _, m := range mine {
		kinds = append(kinds, m.Kind)
	}
	if want := []sim.Kind{sim.Sighted, sim.Blind, sim.Sighted}; !reflect.DeepEqual(kinds, want) {
		t.Errorf("kinds %v, want %v", kinds, want)
	}
	if n := len(c.For(rules.Every, 1000)); n != 10 {
		t.Errorf("%d cells, 10 were drawn", n)
	}
}

func TestTuningIsTheSameOnAnyNumberOfProcessors(t *testing.T) {
	b := tuning.Budget{Cells: 4, Samples: 4, Finalists: 1, Steps: 4}
	tune := func(processors int) rules.TunedRule {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		return tuning.Tune(find(t, "waiting-cost"), b, 1, draw(t, 2), draw(t, 3))
	}
	if one, two := tune(1), tune(2); !reflect.DeepEqual(one, two) {
		t.Errorf("%+v on one, %+v on two", one, two)
	}
}

// Common random numbers: the same values on the same cell cost the same, a
// little else a little else.
func TestACellIsTheSameEachTime(t *testing.T) {
	cells, e := draw(t, 4).For(rules.Every, 10), find(t, "waiting-cost")
	a := tuning.Ratio(cells, e, []float64{0.6, 0.6, 0.1})
	b := tuning.Ratio(cells, e, []float64{0.6, 0.6, 0.1})
	c := tuning.Ratio(cells, e, []float64{0.61, 0.61, 0.1})
	if a != b || math.Abs(c-a) > 0.05 {
		t.Errorf("%v, %v, and at 0.61 %v", a, b, c)
	}
}

// The wake inside the wait gives the fine timing: one rung a tick is enough.
func TestLadderStepsCostAFewPercentAtMost(t *testing.T) {
	c, err := tuning.Draw(4, 6, 3*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"waiting-cost", "count-threshold", "model-predictive"} {
		outright, steps := find(t, name), find(t, name+rules.StepsSuffix)
		for _, regime := range []rules.Regime{rules.Sighted, rules.Shared} {
			cells := c.For(regime, 4)
			x := tuning.Ratio(cells, steps, steps.Values()) / tuning.Ratio(cells, outright, outright.Values())
			t.Logf("%s, regime %d: %.4f", name, regime, x)
			if x > 1.05 {
				t.Errorf("%s in ladder steps is at %.3f of itself acting outright", name, x)
			}
		}
	}
}
