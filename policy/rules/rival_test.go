package rules_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rubato/env"
	"rubato/policy/rules"
)

func rung(t testing.TB) env.Ladder {
	t.Helper()
	l, err := env.NewLadder(100*time.Millisecond, 60*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func find(t testing.TB, name string) rules.Entry {
	t.Helper()
	e, ok := rules.Find(name)
	if !ok {
		t.Fatalf("no rival %q", name)
	}
	return e
}

// with returns the rival with its defaults but for the given values.
func with(t testing.TB, name string, set map[string]float64) rules.Rival {
	t.Helper()
	e := find(t, name)
	values, left := e.Defaults(), len(set)
	for i, p := range e.Parameters {
		if v, ok := set[p.Name]; ok {
			values[i] = v
			left--
		}
	}
	if left != 0 {
		t.Fatalf("%s has no such parameters: %v", name, set)
	}
	return e.With(values)
}

// steady is a sighted query 1 s after its trigger: 100 events/s, of which 60
// wait, batches of 0.25 s + n/5000, price 0.3.
func steady() env.Observation {
	return env.Observation{
		SinceTrigger: 1, Interval: 2, Shorter: 1.6, Longer: 3.2, Rung: 4, Rungs: 11, Period: 0.2,
		Outstanding: 60, Waited: 20, OldestAge: 1, Sighted: 1,
		R05: 100, R2: 100, R15: 100, R300: 100, Reference: 100, Forecast: [3]float64{100, 100, 100},
		BatchLast: 0.27, BatchSmoothed: 0.27, Overhead: 0.25, PerRow: 1. / 5000, NextRows: 60, NextPrice: 1,
		Weights: env.Weights{Latency: 1, Batch: 0.3, Empty: 0.3},
	}
}

func fires(r rules.Rival, o env.Observation) bool {
	return r.Decide(&env.Tick{At: 100e9, Observation: o}) <= o.SinceTrigger
}

func TestEveryRivalHasItsOwnNameAndSoundParameters(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range rules.Rivals() {
		if seen[e.Name] {
			t.Errorf("two are called %s", e.Name)
		}
		seen[e.Name] = true
		if e.Meant == 0 {
			t.Errorf("%s is meant for nothing", e.Name)
		}
		for _, p := range e.Parameters {
			if !(p.Low < p.High) || p.Log && p.Low <= 0 || p.Default < p.Low || p.Default > p.High {
				t.Errorf("%s: parameter %+v", e.Name, p)
			}
		}
	}
	for _, name := range []string{"fixed-100ms", "fixed-2s", "fixed-30s", "waiting-cost", "waiting-cost/steps"} {
		if !seen[name] {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestCommittedParametersBelongToRulesAndLieInTheirRanges(t *testing.T) {
	tuned, err := rules.Committed()
	if err != nil {
		t.Fatal(err)
	}
	for name, rule := range tuned.Rules {
		e := find(t, name)
		left := len(rule.Values)
		for _, p := range e.Parameters {
			if v, ok := rule.Values[p.Name]; ok {
				left--
				if v < p.Low || v > p.High {
					t.Errorf("%s: %s is %v, not within %v and %v", name, p.Name, v, p.Low, p.High)
				}
			}
		}
		if left != 0 {
			t.Errorf("%s: %d values of no parameter", name, left)
		}
	}
}

func TestValuesThatAreNotGivenStayAsCommitted(t *testing.T) {
	e := find(t, "waiting-cost")
	o := steady()
	o.Waited = 20 // 0.67 of the price
	if !fires(e.With([]float64{0.5}), o) || fires(e.With([]float64{0.8}), o) {
		t.Error("the first value is not the share")
	}
	if all := e.Values(); fires(e.With(nil), o) != fires(e.With(all), o) {
		t.Error("without values it is not what was committed")
	}
}

func TestARivalNamesTheSameIntervalsAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ticks := rapid.SliceOfN(rapid.Custom(anyTick), 1, 12).Draw(t, "ticks")
		for i := range ticks {
			ticks[i].First = i == 0
			if i > 0 {
				ticks[i].At += ticks[i-1].At
			}
		}
		for _, e := range rules.Rivals() {
			a, b := e.New(), e.New()
			for i := range ticks {
				x, y := a.Decide(&ticks[i]), b.Decide(&ticks[i])
				if math.Float64bits(x) != math.Float64bits(y) {
					t.Fatalf("%s: %v, then %v", e.Name, x, y)
				}
			}
		}
	})
}

func TestForecastsMoveNoRuleThatDoesNotSaySo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ticks := rapid.SliceOfN(rapid.Custom(anyTick), 1, 12).Draw(t, "ticks")
		foretold := rapid.Float64Range(0, 1e6).Draw(t, "foretold")
		for _, e := range rules.Rivals() {
			a, b := e.New(), e.New()
			for i := range ticks {
				seen := ticks[i]
				seen.At += env.Time(i) * 1e12
				other := seen
				other.Observation.Forecast = [3]float64{foretold, foretold, foretold}
				other.Observation.Spread = other.Observation.Forecast
				if x, y := a.Decide(&seen), b.Decide(&other); math.Float64bits(x) != math.Float64bits(y) && !e.Forecasts {
					t.Errorf("%s looks at the forecast", e.Name)
				}
			}
		}
	})
}

func TestForecastsMoveTheRulesThatSaySo(t *testing.T) {
	for _, e := range rules.Rivals() {
		if e.Forecasts && !movedByForecast(e) {
			t.Errorf("no forecast moves %s", e.Name)
		}
	}
}

// movedByForecast tells whether the rule decides otherwise at some moment of a
// wait, sighted or blind, when another rate is foretold.
func movedByForecast(e rules.Entry) bool {
	for _, sighted := range []float64{0, 1} {
		for _, rate := range []float64{1, 10, 1000} {
			a, b := e.New(), e.New()
			for since := 0.2; since < 4; since += 0.2 {
				o := steady()
				o.SinceTrigger, o.Sighted, o.SightAge = since, sighted, since*(1-sighted)
				seen := env.Tick{At: env.Time(since * 1e9), Mask: env.Mask{true, true, true}, Observation: o}
				other := seen
				other.Observation.Forecast = [3]float64{rate, rate, rate}
				if a.Decide(&seen) != b.Decide(&other) {
					return true
				}
			}
		}
	}
	return false
}

func TestWhateverIsSeenTheCommandIsOnTheLadder(t *testing.T) {
	l := rung(t)
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyTick(t), anyTick(t)
		b.At += a.At
		for _, e := range rules.Rivals() {
			r := e.New()
			for _, tick := range []env.Tick{a, b} {
				x := r.Decide(&tick)
				if d := rules.Outright(x, l); d < l.Interval(0) || d > l.Interval(l.Len()-1) {
					t.Fatalf("%s: %v becomes %v", e.Name, x, d)
				}
				if step := rules.StepTowards(&tick.Observation, tick.Mask, x); !tick.Mask[step] {
					t.Fatalf("%s: %v under %v", e.Name, step, tick.Mask)
				}
			}
		}
	})
}

// anyTick draws what may be seen, and what may not.
func anyTick(t *rapid.T) env.Tick {
	value := rapid.OneOf(rapid.Float64Range(0, 1), rapid.Float64Range(0, 1e6),
		rapid.SampledFrom([]float64{0, 1e-300, 1e300, math.Inf(1), math.NaN()}))
	tick := env.Tick{
		At: env.Time(rapid.Int64Range(0, 1e12).Draw(t, "at")), Elapsed: value.Draw(t, "elapsed"),
		Mask: env.Mask{rapid.Bool().Draw(t, "shorten"), true, rapid.Bool().Draw(t, "lengthen")},
	}
	o := &tick.Observation
	for _, x := range []*float64{
		&o.SinceTrigger, &o.Interval, &o.Shorter, &o.Longer, &o.Period, &o.Outstanding, &o.Waited,
		&o.OldestAge, &o.Idle, &o.SightAge, &o.R05, &o.R2, &o.R15, &o.R300, &o.Reference,
		&o.Forecast[0], &o.Forecast[1], &o.Forecast[2], &o.BatchLast, &o.BatchSmoothed, &o.Overhead,
		&o.PerRow, &o.NextRows, &o.Cap, &o.Floor, &o.NextPrice, &o.DriverRunning, &o.SlowEvery,
		&o.Weights.Latency, &o.Weights.Batch, &o.Weights.Empty, &o.Weights.Miss, &o.Target,
		&tick.Cost.Latency, &tick.Cost.Batch,
	} {
		*x = value.Draw(t, "x")
	}
	o.SinceTrigger = min(max(o.SinceTrigger, 0), 1e6)
	if math.IsNaN(o.SinceTrigger) {
		o.SinceTrigger = 0
	}
	o.Sighted = float64(rapid.IntRange(0, 1).Draw(t, "sighted"))
	return tick
}

func TestStepsKeepTheDeadlineJustAheadOfTheNextTick(t *testing.T) {
	all := env.Mask{true, true, true}
	for _, c := range []struct {
		what                        string
		since, interval, shorter, x float64
		mask                        env.Mask
		want                        env.Action
	}{
		{"waits, and the rung below waits too", 1, 6.4, 3.2, 5, all, env.Shorten},
		{"waits, just ahead", 1, 1.6, 0.8, 5, all, env.Keep},
		{"waits, and would trigger before the next tick", 1.5, 1.6, 0.8, 5, all, env.Lengthen},
		{"the same at the top", 1.5, 1.6, 0.8, 5, env.Mask{true, true, false}, env.Keep},
		{"is due", 1.5, 3.2, 1.6, 1.5, all, env.Shorten},
		{"is due sooner than half a tick", 1.55, 1.6, 0.8, 1.6, all, env.Shorten},
		{"is due, and triggers as it is", 1.7, 1.6, 0.8, 0.3, all, env.Keep},
		{"is due, and triggers one rung up", 3.3, 1.6, 0.8, 0.3, all, env.Lengthen},
	} {
		o := env.Observation{
			SinceTrigger: c.since, Interval: c.interval, Shorter: c.shorter, Longer: 2 * c.interval, Period: 0.2,
		}
		if got := rules.StepTowards(&o, c.mask, c.x); got != c.want {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}

func TestOutrightHoldsToTheEndsOnly(t *testing.T) {
	l := rung(t)
	for x, want := range map[float64]time.Duration{
		1.37: 1370 * time.Millisecond, 0: 100 * time.Millisecond, rules.Wait: time.Minute,
		math.Inf(1): time.Minute, math.NaN(): time.Minute, -1: 100 * time.Millisecond,
	} {
		if got := rules.Outright(x, l); got != want {
			t.Errorf("%v becomes %v, want %v", x, got, want)
		}
	}
}
