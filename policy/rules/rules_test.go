package rules_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"rubato/env"
	"rubato/policy"
	"rubato/policy/rules"
)

var all = env.Mask{true, true, true}

func choose(t *testing.T, name string, o env.Observation, mask env.Mask) env.Action {
	t.Helper()
	make, ok := rules.Lookup(name)
	if !ok {
		t.Fatalf("no rule %q", name)
	}
	var p policy.Probabilities
	make().Probabilities(&o, mask, &p)
	return env.Action(slices.Index(p[:], 1))
}

// waiting is 4 s into a sighted wait of 8 s with 10 events, of a reference of 10/s,
// and the given event-seconds of waiting; a batch costs 0.3.
func waiting(eventSeconds float64) env.Observation {
	return env.Observation{
		SinceTrigger: 4, Interval: 8, Shorter: 4, Longer: 16, Period: 0.2, Rung: 3, Rungs: 6,
		Outstanding: 10, Waited: eventSeconds, Reference: 10, Sighted: 1,
		Weights: env.Weights{Latency: 1, Batch: 0.3},
	}
}

func TestWaitingCostTriggersAtItsShareOfABatchPrice(t *testing.T) {
	if a := choose(t, "waiting-cost", waiting(1.79), all); a != env.Keep {
		t.Errorf("at 0.597 of the price: %v, want keep", a)
	}
	if a := choose(t, "waiting-cost", waiting(1.81), all); a != env.Shorten {
		t.Errorf("at 0.603 of the price: %v, want shorten", a)
	}
	if a := choose(t, "waiting-cost", waiting(1.81), env.Mask{false, true, true}); a != env.Keep {
		t.Errorf("at the bottom of the ladder: %v, want keep", a)
	}
}

func TestWaitingCostWithNothingOutstandingWaitsOn(t *testing.T) {
	o := waiting(100)
	o.Outstanding = 0
	o.Interval, o.Shorter = 4.1, 2
	if a := choose(t, "waiting-cost", o, all); a != env.Lengthen {
		t.Errorf("about to trigger for nothing: %v, want lengthen", a)
	}
	if a := choose(t, "waiting-cost", o, env.Mask{true, true, false}); a != env.Keep {
		t.Errorf("the same at the top: %v, want keep", a)
	}
}

func TestWaitingCostKeepsTheDeadlineJustAheadOfTheNextTick(t *testing.T) {
	o := waiting(0)
	o.SinceTrigger = 1
	if a := choose(t, "waiting-cost", o, all); a != env.Shorten {
		t.Errorf("a rung below 8 s that still waits: %v, want shorten", a)
	}
	o.SinceTrigger = 3.9
	if a := choose(t, "waiting-cost", o, all); a != env.Keep {
		t.Errorf("4 s would trigger before the next tick: %v, want keep", a)
	}
	o.SinceTrigger = 7.9
	if a := choose(t, "waiting-cost", o, all); a != env.Lengthen {
		t.Errorf("8 s will trigger before the next tick: %v, want lengthen", a)
	}
}

func TestWaitingCostWithoutPrices(t *testing.T) {
	free := waiting(0.001)
	free.Weights.Batch = 0
	if a := choose(t, "waiting-cost", free, all); a != env.Shorten {
		t.Errorf("batches cost nothing: %v, want shorten", a)
	}
	patient := waiting(1e9)
	patient.Weights.Latency = 0
	if a := choose(t, "waiting-cost", patient, all); a != env.Keep {
		t.Errorf("latency costs nothing: %v, want keep", a)
	}
	held := waiting(1e9)
	held.Floor = 11
	if a := choose(t, "waiting-cost", held, all); a != env.Keep {
		t.Errorf("Spark would hold these back: %v, want keep", a)
	}
}

// What Features shows is enough for the rule: a threshold on one of them.
func TestWaitingCostIsAThresholdOfAFeature(t *testing.T) {
	var f env.Features
	for i, waited := range []float64{0, 0.5, 1, 1.79, 1.81, 3, 30, 0, 1, 1.79, 1.81, 3} {
		o := waiting(waited)
		if i > 6 {
			o.Sighted, o.SinceTrigger = 0, 0.4*float64(i-6)
			o.Shorter = o.SinceTrigger
		}
		o.Features(&f)
		fires := choose(t, "waiting-cost", o, all) == env.Shorten
		if above := f[env.FeatureWaiting] >= math.Log(0.601); above != fires {
			t.Errorf("waited %v: feature says %v, rule %v", waited, above, fires)
		}
	}
}

func TestWaitingCostAsksABlindQueryThatHasBeenIdle(t *testing.T) {
	o := waiting(0)
	o.Sighted, o.Outstanding = 0, 0
	for _, at := range []struct {
		s    float64
		want env.Action
	}{{1.54, env.Keep}, {1.56, env.Shorten}} { // 0.15 s^2/2 is 0.6 x 0.3 at 1.549 s
		o.SinceTrigger, o.Interval, o.Shorter = at.s, 2, 0.5
		if a := choose(t, "waiting-cost", o, all); a != at.want {
			t.Errorf("after %v s of nothing seen: %v, want %v", at.s, a, at.want)
		}
	}
	o.Reference = 0
	if a := choose(t, "waiting-cost", o, all); a != env.Keep {
		t.Errorf("where nothing ever came: %v, want keep", a)
	}
}

func TestFixedAlwaysKeeps(t *testing.T) {
	if a := choose(t, "fixed", waiting(1e9), all); a != env.Keep {
		t.Errorf("got %v", a)
	}
}

func TestRulesAreCertainAndWithinTheMask(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var o env.Observation
		for _, x := range []*float64{
			&o.SinceTrigger, &o.Interval, &o.Shorter, &o.Longer, &o.Period, &o.Outstanding,
			&o.Waited, &o.Reference, &o.Weights.Latency, &o.Weights.Batch, &o.Floor,
		} {
			*x = rapid.Float64().Draw(t, "x")
		}
		mask := env.Mask{rapid.Bool().Draw(t, "shorten"), true, rapid.Bool().Draw(t, "lengthen")}
		for _, name := range rules.Names() {
			make, ok := rules.Lookup(name)
			if !ok {
				t.Fatalf("%q is named and not found", name)
			}
			var p, again policy.Probabilities
			rule := make()
			rule.Probabilities(&o, mask, &p)
			rule.Probabilities(&o, mask, &again)
			one := slices.Index(p[:], 1)
			if p != again || one < 0 || !mask[one] || p[0]+p[1]+p[2] != 1 {
				t.Fatalf("%s: %v, then %v, under %v", name, p, again, mask)
			}
			if rule.ID() != name {
				t.Fatalf("%q calls itself %q", name, rule.ID())
			}
		}
	})
}

func TestUnknownRuleIsNotFound(t *testing.T) {
	if _, ok := rules.Lookup("count"); ok {
		t.Error("found a rule that does not exist")
	}
}
