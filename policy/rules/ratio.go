package rules

import "rubato/env"

// allocating is the rule of Spark Streaming's executor allocation, moved onto
// the interval: every period, where batches took a share of their intervals of
// up or more the interval is doubled, at down or less it is halved.
type allocating struct {
	up, down, period, floor float64

	history    history
	took, gone float64 // sums over the period
	since      env.Time
	interval   float64
}

// Decide implements Rival.
func (a *allocating) Decide(t *env.Tick) float64 {
	if a.interval == 0 || t.First {
		a.interval, a.since, a.took, a.gone = t.Observation.Interval, t.At, 0, 0
	}
	if a.history.ended(t) {
		a.took += a.history.took
		a.gone += max(a.history.interval, a.history.took)
		if t.At.Sub(a.since) >= a.period && a.gone > 0 {
			switch ratio := a.took / a.gone; {
			case ratio >= a.up:
				a.interval *= 2
			case ratio <= a.down*a.up:
				a.interval /= 2
			}
			a.interval = limited(a.interval, a.floor, 60)
			a.since, a.took, a.gone = t.At, 0, 0
		}
	}
	return a.interval
}

func ratioRule() []Entry {
	return []Entry{{
		Name: "executor-ratio", Meant: Every,
		Parameters: []Parameter{
			{Name: "up", Low: 0.05, High: 0.99, Log: true, Default: 0.9},
			{Name: "down", Low: 0.05, High: 0.8, Default: 1. / 3}, // a share of up
			{Name: "period", Low: 2, High: 120, Log: true, Default: 60},
			floorParameter,
		},
		build: func(v []float64) Rival {
			return &allocating{up: v[0], down: v[1], period: v[2], floor: v[3]}
		},
	}}
}
