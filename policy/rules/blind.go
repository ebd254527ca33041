package rules

import "rubato/env"

// expecting lets a rule expect at least a share of the reference rate where end
// offsets are not seen. After empty triggers the smoothed rates of a blind query
// go to nothing, and a rule that waits for something to wait would wait for
// ever.
type expecting struct {
	Rival
	share float64

	tick env.Tick
}

// expectParameter is the share.
var expectParameter = Parameter{Name: "expect", Low: 0.001, High: 1, Log: true, Default: 0.1}

// Decide implements Rival.
func (e *expecting) Decide(t *env.Tick) float64 {
	least := e.share * t.Observation.Reference
	if t.Observation.Sighted != 0 || !(least > 0) {
		return e.Rival.Decide(t)
	}
	e.tick = *t
	o := &e.tick.Observation
	if more := least - o.R15; more > 0 {
		s := min(o.SightAge, o.SinceTrigger)
		if o.Outstanding < env.OneEvent {
			o.OldestAge = s
		}
		o.Outstanding += more * s
		o.Waited += more * s * s / 2
		o.NextRows = o.Outstanding
		if o.Cap > 0 {
			o.NextRows = min(o.NextRows, o.Cap)
		}
		o.R15 = least
	}
	o.R2 = max(o.R2, least)
	for i := range o.Forecast {
		o.Forecast[i] = max(o.Forecast[i], least)
	}
	return e.Rival.Decide(&e.tick)
}

// expects is the entry with that parameter last.
func expects(e Entry) Entry {
	n, build := len(e.Parameters), e.build
	e.Parameters = append(e.Parameters[:n:n], expectParameter)
	e.build = func(v []float64) Rival { return &expecting{Rival: build(v[:n]), share: v[n]} }
	return e
}
