package policy

import "rubato/env"

// Choices are the two actions between which there is something to decide at o:
// the shortest rung in reach that triggers before the next tick, and the
// shortest that does not, which keeps the deadline just ahead of now, so that
// one step back is a trigger at once. either is false where all that mask
// allows do the same, or where a trigger is sure to find nothing: the broker
// says that nothing waits, or less than Spark would hold back. wait is then
// the action to take.
func Choices(o *env.Observation, mask env.Mask) (trigger, wait env.Action, either bool) {
	next := o.SinceTrigger + o.Period
	triggers, waits := false, false
	for a, interval := range [env.NumActions]float64{o.Shorter, o.Interval, o.Longer} {
		switch {
		case !mask[a]:
		case interval <= next && !triggers:
			trigger, triggers = env.Action(a), true
		case interval > next && !waits:
			wait, waits = env.Action(a), true
		}
	}
	switch {
	case !waits:
		return trigger, trigger, false
	case !triggers, o.Sighted > 0 && o.Outstanding < max(env.OneEvent, o.Floor):
		return wait, wait, false
	}
	return trigger, wait, true
}

// Sensible narrows what the ladder allows to the Choices: what is left out
// either does the same as one of them, or buys an empty trigger.
func Sensible(o *env.Observation, mask env.Mask) env.Mask {
	trigger, wait, _ := Choices(o, mask)
	var narrow env.Mask
	narrow[trigger], narrow[wait] = true, true
	return narrow
}
