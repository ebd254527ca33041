package rules

import "rubato/env"

// holding is Spark's own minOffsetsPerTrigger with maxTriggerDelay: a batch as
// soon as enough is there, or after so long at the latest, where there is
// anything. Enough is given in seconds of the mean load, so that one value can
// serve queries of all rates. It is Spark that counts, so the delay holds where
// the tuner sees no end offsets too.
type holding struct{ seconds, delay float64 }

// Decide implements Rival.
func (h holding) Decide(t *env.Tick) float64 {
	o := &t.Observation
	enough := full(o) || o.Outstanding >= h.seconds*o.Reference || o.SinceTrigger >= h.delay
	if o.Sighted == 0 {
		return when(o, o.SinceTrigger >= h.delay || available(o) && enough)
	}
	return when(o, available(o) && enough)
}

func minOffsets() []Entry {
	return []Entry{{
		Name: "min-offsets", Meant: Every,
		Parameters: []Parameter{
			{Name: "seconds", Low: 0.02, High: 60, Log: true, Default: 1},
			{Name: "delay", Low: 0.2, High: 60, Log: true, Default: 10},
		},
		build: func(v []float64) Rival { return holding{v[0], v[1]} },
	}}
}
