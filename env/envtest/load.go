package envtest

import (
	"cmp"
	"math"
	"testing"

	"rubato/env"
)

// referenceSpan is the time constant of the reference rate, s.
const referenceSpan = 86400

// lastBy walks the arrivals: the moment of the last one by each of the moments
// that it is asked for, in time order; the beginning where there is none.
func (x *Truth) lastBy() func(env.Time) env.Time {
	next, last := 0, env.Time(0)
	return func(t env.Time) env.Time {
		for ; next < len(x.Arrivals) && x.Arrivals[next].At <= t; next++ {
			last = x.Arrivals[next].At
		}
		return last
	}
}

// lag is the time, s, within which samples tell of what arrived: two decision
// periods.
func lag(h Harness) float64 {
	return 2 * cmp.Or(h.Settings.Period, env.DefaultPeriod).Seconds()
}

// idleIsTrue wants the time since data last arrived, as samples tell it.
func idleIsTrue(t *testing.T, seed uint64, h Harness) {
	t.Helper()
	ticks, _ := wander(t, seed, h)
	slack := lag(h)
	all, noticed := h.Truth.lastBy(), h.Truth.lastBy()
	for i, tick := range ticks {
		least := max(tick.At.Sub(all(tick.At))-slack, 0)
		most := tick.At.Sub(noticed(tick.At.Add(-slack)))
		if is := tick.Observation.Idle; is < least || is > most {
			t.Fatalf("tick %d: idle for %v to %v s, told %v", i, least, most, is)
		}
	}
}

// emptyShareIsTrue wants the share of empty triggers among those and batches, the
// newest with a weight of a tenth.
func emptyShareIsTrue(t *testing.T, seed uint64, h Harness) {
	t.Helper()
	ticks, _ := wander(t, seed, h)
	trigger, sum, weight := 0, 0.0, 0.0
	for i, tick := range ticks {
		for ; trigger < len(h.Truth.Triggers) && h.Truth.Triggers[trigger].End <= tick.At; trigger++ {
			switch h.Truth.Triggers[trigger].Outcome {
			case env.Empty:
				sum, weight = 0.9*sum+0.1, 0.9*weight+0.1
			case env.Batch:
				sum, weight = 0.9*sum, 0.9*weight+0.1
			}
		}
		if is := sum / max(weight, 0.1); math.Abs(tick.Observation.EmptyShare-is) > 1e-9 {
			t.Fatalf("tick %d: a share of %v is empty, told %v", i, is, tick.Observation.EmptyShare)
		}
	}
}

// referenceIsTrue wants the mean rate of the clock's seconds, from what the first
// tick told of the past on.
func referenceIsTrue(t *testing.T, seed uint64, h Harness) {
	t.Helper()
	ticks, _ := wander(t, seed, h)
	second := ticks[0].At/1e9 + 1
	weight := -math.Expm1(-h.Past.Seconds() / referenceSpan)
	sum := weight * ticks[0].Observation.Reference
	arrival := 0
	for ; arrival < len(h.Truth.Arrivals) && h.Truth.Arrivals[arrival].At <= (second-1)*1e9; arrival++ {
	}
	share := -math.Expm1(-1. / referenceSpan)
	for i, tick := range ticks {
		for ; second*1e9 <= tick.At; second++ {
			n := 0.0
			for ; arrival < len(h.Truth.Arrivals) && h.Truth.Arrivals[arrival].At <= second*1e9; arrival++ {
				n += h.Truth.Arrivals[arrival].Events
			}
			sum, weight = sum+share*(n-sum), weight+share*(1-weight)
		}
		if tick.At.Sub((second-1)*1e9) < lag(h) {
			continue // its sample may be to come
		}
		if is := sum / max(weight, share); math.Abs(tick.Observation.Reference-is) > 1e-3*is {
			t.Fatalf("tick %d: a mean rate of %v/s, told %v", i, is, tick.Observation.Reference)
		}
	}
}
