package rules

import (
	"time"

	"rubato/env"
)

// Outright is the interval to command for one that a rival named: held to the
// ends of the ladder, and to nothing between.
func Outright(interval float64, l env.Ladder) time.Duration {
	lo, hi := l.Interval(0), l.Interval(l.Len()-1)
	if !(interval < hi.Seconds()) { // and where it is not a number
		return hi
	}
	return max(time.Duration(interval*float64(time.Second)), lo)
}

// StepTowards is the ladder's way of doing what interval asks: the action that
// brings the trigger nearest to it. To trigger at once it takes the rung
// nearest below the time gone by, so that the wait after the next trigger is
// in reach. To wait, it keeps the deadline just ahead of the next tick: one
// step back is then a trigger at once. A planned trigger that falls between two
// ticks is made at the nearer one.
func StepTowards(o *env.Observation, mask env.Mask, interval float64) env.Action {
	if interval < o.SinceTrigger+o.Period/2 {
		return stepBelow(o, mask)
	}
	if a := stepAhead(o); mask[a] {
		return a
	}
	return env.Keep
}

// stepAhead is the action that waits: the shortest rung in reach that does not
// trigger before the next tick.
func stepAhead(o *env.Observation) env.Action {
	next := o.Ahead()
	switch {
	case o.Interval <= next:
		return env.Lengthen
	case o.Shorter > next:
		return env.Shorten
	}
	return env.Keep
}

// stepBelow is the action with the longest interval that triggers now, or the
// one that comes nearest to it.
func stepBelow(o *env.Observation, mask env.Mask) env.Action {
	switch {
	case mask[env.Lengthen] && o.Longer <= o.SinceTrigger:
		return env.Lengthen
	case o.Interval <= o.SinceTrigger, !mask[env.Shorten]:
		return env.Keep
	}
	return env.Shorten
}

// now is the interval that triggers at once and leaves the wait after the next
// trigger as long as can be.
func now(o *env.Observation) float64 { return o.SinceTrigger }

// when is now where fire is set, else Wait.
func when(o *env.Observation, fire bool) float64 {
	if fire {
		return now(o)
	}
	return Wait
}

// full tells whether a trigger now would have as many rows as Spark lets it: to
// wait then buys nothing.
func full(o *env.Observation) bool { return o.Cap > 0 && o.Outstanding >= o.Cap }

// available tells whether a trigger now would find data to run.
func available(o *env.Observation) bool { return o.Outstanding >= max(env.OneEvent, o.Floor) }
