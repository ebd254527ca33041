package policy

import "rubato/env"

// Sensible narrows what the ladder allows by what no policy should do, nor
// explore: an action whose interval ends before the next tick, while the broker
// says that nothing waits, only buys an empty trigger; one that waits for the
// next tick sees what has come by then, and can trigger at once. Where every
// action would trigger, all stay. Queries without end offsets keep the ladder's
// mask: an empty trigger is how they learn.
func Sensible(o *env.Observation, mask env.Mask) env.Mask {
	if o.Sighted == 0 || o.Outstanding >= env.OneEvent {
		return mask
	}
	next := o.SinceTrigger + o.Period
	narrow, left := mask, false
	for a, interval := range [env.NumActions]float64{o.Shorter, o.Interval, o.Longer} {
		narrow[a] = mask[a] && interval > next
		left = left || narrow[a]
	}
	if !left {
		return mask
	}
	return narrow
}
