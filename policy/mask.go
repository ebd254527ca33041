package policy

import "rubato/env"

// Choices are the two actions between which there is something to decide at o:
// the shortest rung in reach that triggers before the next tick, and the
// shortest that does not, which keeps the deadline just ahead of now, so that
// one step back is a trigger at once. Where every rung in reach triggers, the
// longest is the nearest to waiting, and the way out. either is false where the
// two are one, or where a trigger is sure to find nothing: the broker says that
// nothing waits, or less than Spark would hold back. wait is then the action to
// take.
func Choices(o *env.Observation, mask env.Mask) (trigger, wait env.Action, either bool) {
	next := o.Ahead()
	triggers, waits := false, false
	for a, interval := range [env.NumActions]float64{o.Shorter, o.Interval, o.Longer} {
		switch due := interval <= next; {
		case !mask[a] || waits:
		case due && !triggers:
			trigger, triggers = env.Action(a), true
			wait = trigger
		default:
			wait, waits = env.Action(a), !due
		}
	}
	if !triggers || o.Sighted > 0 && o.Outstanding < max(env.OneEvent, o.Floor) {
		return wait, wait, false
	}
	return trigger, wait, trigger != wait
}

// Sensible narrows what the ladder allows to the Choices: what is left out
// either does the same as one of them, or buys an empty trigger.
func Sensible(o *env.Observation, mask env.Mask) env.Mask {
	trigger, wait, _ := Choices(o, mask)
	var narrow env.Mask
	narrow[trigger], narrow[wait] = true, true
	return narrow
}
