package rules_test

import (
	"math"
	"testing"

	"rubato/env"
	"rubato/policy/rules"
)

// The rules that decide on what is seen now.

func TestWaitingCostActsOutrightAtItsShare(t *testing.T) {
	for _, name := range []string{"waiting-cost-0.6", "waiting-cost", "waiting-cost-forecast", "target-aware", "linear-threshold"} {
		r := find(t, name).With(find(t, name).Defaults())
		o := steady()
		o.Waited = 17.9
		if fires(r, o) {
			t.Errorf("%s triggers at 0.597 of the price", name)
		}
		o.Waited = 18.1
		if !fires(r, o) {
			t.Errorf("%s waits at 0.603 of the price", name)
		}
		o.Outstanding = 0
		if fires(r, o) {
			t.Errorf("%s triggers for nothing", name)
		}
	}
}

func TestAFullBatchIsNotWaitedFor(t *testing.T) {
	for _, name := range []string{
		"waiting-cost", "waiting-cost-forecast", "target-aware", "target-priced", "linear-threshold",
		"count-threshold", "min-offsets", "model-predictive",
	} {
		r := find(t, name).With(find(t, name).Defaults())
		o := steady()
		o.Waited, o.SinceTrigger, o.OldestAge, o.Cap, o.NextRows = 0, 0.01, 0, 61, 60
		if name != "model-predictive" && fires(r, o) { // it forgets the delay run up
			t.Errorf("%s triggers with room in the batch", name)
		}
		o.Cap = 60
		if !fires(r, o) {
			t.Errorf("%s waits with a full batch", name)
		}
		if o.Floor = 61; fires(r, o) {
			t.Errorf("%s triggers what Spark would hold back", name)
		}
	}
}

func TestWaitingCostHasAShareOfItsOwnForBlindSources(t *testing.T) {
	r := with(t, "waiting-cost", map[string]float64{"k": 0.5, "k_blind": 1})
	o := steady()
	o.Waited = 20 // 0.67 of the price
	if !fires(r, o) {
		t.Error("sighted at 0.67 of the price: waits")
	}
	o.Sighted = 0
	if fires(r, o) {
		t.Error("blind at 0.67 of the price: triggers")
	}
}

// Where nothing is seen to come, nothing would ever be triggered.
func TestABlindRuleExpectsSomethingToCome(t *testing.T) {
	for _, name := range []string{
		"waiting-cost", "waiting-cost-forecast", "target-aware", "target-priced", "linear-threshold",
		"count-threshold", "square-root", "model-predictive", "min-offsets",
	} {
		e := find(t, name)
		r := e.With(e.Defaults())
		o := steady()
		o.Outstanding, o.Waited, o.OldestAge, o.NextRows = 0, 0, 0, 0
		o.R05, o.R2, o.R15, o.R300, o.Forecast = 0, 0, 0, 0, [3]float64{}
		o.Sighted, o.SinceTrigger, o.SightAge = 0, 30, 30
		if x := r.Decide(&env.Tick{At: 100e9, Observation: o}); x > 30 {
			t.Errorf("%s, half a minute after it last saw anything, waits for %v s", name, x)
		}
		o.Sighted = 1
		if name != "square-root" && fires(r, o) {
			t.Errorf("%s triggers though it sees that there is nothing", name)
		}
	}
}

func TestWaitingCostForecastTakesBlindArrivalsFromTheForecast(t *testing.T) {
	r := with(t, "waiting-cost-forecast", map[string]float64{"slow": 0, "expect": 0.001})
	o := steady()
	o.Sighted, o.SightAge = 0, 1
	o.Outstanding, o.Waited = 100, 50 // 100/s since the trigger
	o.Forecast = [3]float64{30, 30, 30}
	if fires(r, o) { // 15 event-seconds of delay, 0.5 of the price
		t.Error("a falling forecast: triggers")
	}
	o.Forecast = [3]float64{40, 40, 40}
	if !fires(r, o) { // 20, 0.67 of the price
		t.Error("a forecast that has reached the share: waits")
	}
	o.R15, o.Outstanding, o.Waited = 10, 10, 5
	if !fires(r, o) {
		t.Error("a forecast above the slow rate: waits")
	}
}

func TestSquareRootIsTheBestSteadyInterval(t *testing.T) {
	r := with(t, "square-root", map[string]float64{"scale": 1, "scale_blind": 2})
	o := steady()
	want := math.Sqrt(2 * 0.3) // c = 0.3, w = 1, rate = mean rate
	if got := r.Decide(&env.Tick{Observation: o}); math.Abs(got-want) > 1e-9 {
		t.Errorf("%v, want %v", got, want)
	}
	o.Sighted = 0
	if got := r.Decide(&env.Tick{Observation: o}); math.Abs(got-2*want) > 1e-9 {
		t.Errorf("blind: %v, want %v", got, 2*want)
	}
	o.PerRow = 0.0085 // 0.85 of the time in rows
	if got := r.Decide(&env.Tick{Observation: o}); math.Abs(got-0.25/0.05) > 1e-6 {
		t.Errorf("near overload: %v, want %v", got, 0.25/0.05)
	}
	o.PerRow = 1
	if got := r.Decide(&env.Tick{Observation: o}); got != rules.Wait {
		t.Errorf("overloaded: %v, want the longest", got)
	}
}

func TestCountThresholdTriggersAtTheRootOfWhatComes(t *testing.T) {
	r := with(t, "count-threshold", nil)
	o := steady()
	enough := math.Sqrt(2 * 0.3 * 100 * 100)
	if o.Outstanding = enough - 1; fires(r, o) {
		t.Error("triggers below")
	}
	if o.Outstanding = enough + 1; !fires(r, o) {
		t.Error("waits above")
	}
	o.R2, o.R15, o.Outstanding = 0, 0, 0
	if fires(r, o) {
		t.Error("triggers for nothing")
	}
}

func TestLinearFitKeepsUp(t *testing.T) {
	r := with(t, "linear-fit", map[string]float64{"rho": 0.8, "floor": 0.1})
	o := steady()
	if got, want := r.Decide(&env.Tick{Observation: o}), 0.25/(0.8-0.02); math.Abs(got-want) > 1e-9 {
		t.Errorf("%v, want %v", got, want)
	}
	r = with(t, "linear-fit", map[string]float64{"rho": 0.8, "floor": 3})
	if got := r.Decide(&env.Tick{Observation: o}); got != 3 {
		t.Errorf("%v, want its floor", got)
	}
}

func TestTargetAwareTriggersInTimeForTheOldest(t *testing.T) {
	r := with(t, "target-aware", map[string]float64{"share": 0.9})
	o := steady()
	o.Waited, o.Target = 0, 2 // 0.9 x 2 s = age + 0.262 s
	if o.OldestAge = 1.5; fires(r, o) {
		t.Error("triggers with time left")
	}
	if o.OldestAge = 1.6; !fires(r, o) {
		t.Error("waits until it is too late")
	}
	if o.Target = 0; fires(r, o) {
		t.Error("triggers for a target that is not set")
	}
}

func TestTargetPricedCountsOnlyWhatTheWaitMadeLate(t *testing.T) {
	r := with(t, "target-priced", nil)
	o := steady()
	o.Waited, o.Target, o.OldestAge, o.Weights.Miss = 0, 1, 1, 10
	if !fires(r, o) { // 0.262 s late at worst, 60 events, price 10
		t.Error("dear misses: waits")
	}
	o.Weights.Miss = 0.01
	if fires(r, o) {
		t.Error("cheap misses: triggers")
	}
	o.Weights.Miss, o.Overhead, o.OldestAge = 10, 20, 0.01
	if fires(r, o) {
		t.Error("late by the batch alone: triggers")
	}
}

func TestLinearThresholdMovesWithItsFeatures(t *testing.T) {
	o := steady()
	o.Waited = 15 // half of the price
	if fires(with(t, "linear-threshold", nil), o) {
		t.Fatal("triggers at half of the price")
	}
	o.R2 = 200 // twice the 15 s rate
	o.R05 = 200
	if !fires(with(t, "linear-threshold", map[string]float64{"trend": -1}), o) {
		t.Error("waits though rising rates lower the threshold")
	}
	o = steady()
	o.Waited, o.NextPrice = 15, 0.5
	if !fires(with(t, "linear-threshold", map[string]float64{"price": 1}), o) {
		t.Error("waits though the next batch is at half price")
	}
}

func TestMinOffsetsTriggersAtEnoughOrAtTheDelay(t *testing.T) {
	r := with(t, "min-offsets", map[string]float64{"seconds": 1, "delay": 3})
	o := steady()
	if o.Outstanding = 99; fires(r, o) {
		t.Error("triggers on too little")
	}
	if o.Outstanding = 101; !fires(r, o) {
		t.Error("waits with enough")
	}
	o.Outstanding, o.SinceTrigger = 1, 3.01
	if !fires(r, o) {
		t.Error("waits beyond the delay")
	}
	if o.Outstanding = 0; fires(r, o) {
		t.Error("triggers for nothing")
	}
}

// On a steady stream with cheap batches, receding-horizon planning finds the
// square-root interval, the optimum there.
func TestModelPredictiveFindsTheOptimumOfASteadyStream(t *testing.T) {
	r := with(t, "model-predictive", map[string]float64{"price": 1})
	o := steady()
	o.Overhead, o.PerRow = 0.01, 0
	want := math.Sqrt(2 * 0.3)
	at := math.Inf(1)
	for since := 0.1; since < 3; since += 0.02 {
		o.SinceTrigger, o.Outstanding, o.OldestAge = since, 100*since, since
		o.Waited, o.NextRows = 50*since*since, 100*since
		if fires(r, o) {
			at = since
			break
		}
	}
	if math.Abs(at-want) > 0.2 { // it plans in steps, and triggers half a tick early
		t.Errorf("triggers after %v s, want about %v", at, want)
	}
}

func TestModelPredictiveTriggersAheadOfABurst(t *testing.T) {
	plain, ahead := steady(), steady()
	plain.Overhead, plain.PerRow = 0.25, 1./2000
	ahead.Overhead, ahead.PerRow = 0.25, 1./2000
	ahead.Forecast = [3]float64{1000, 1000, 1000}
	r := with(t, "model-predictive", nil)
	x := r.Decide(&env.Tick{Observation: plain})
	y := r.Decide(&env.Tick{Observation: ahead})
	if !(y < x) {
		t.Errorf("planned %v s, with a burst ahead %v s", x, y)
	}
}

func BenchmarkModelPredictive(b *testing.B) {
	r := with(b, "model-predictive", nil)
	tick := env.Tick{Observation: steady()}
	b.ReportAllocs()
	for b.Loop() {
		r.Decide(&tick)
	}
}
