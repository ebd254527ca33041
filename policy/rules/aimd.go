package rules

import "rubato/env"

// banding holds the share of time that goes into overhead inside a band, as
// Drizzle holds its group size (Venkataraman et al. 2017): above high the
// interval is multiplied, below low it is cut by a constant.
type banding struct {
	high, low, times, minus float64 // low is a share of high

	history  history
	interval float64
}

// Decide implements Rival.
func (b *banding) Decide(t *env.Tick) float64 {
	o := &t.Observation
	if b.interval == 0 || t.First {
		b.interval = o.Interval
	}
	if b.history.ended(t) {
		overhead := b.history.took
		if b.history.batch {
			overhead = min(o.Overhead, b.history.took)
		}
		share := overhead / max(b.interval, b.history.took, 1e-3)
		switch {
		case share > b.high:
			b.interval *= b.times
		case share < b.low*b.high:
			b.interval -= b.minus
		}
		b.interval = limited(b.interval, 0.05, 60)
	}
	return b.interval
}

func aimd() []Entry {
	return []Entry{{
		Name: "aimd", Meant: Every,
		Parameters: []Parameter{
			{Name: "high", Low: 0.01, High: 0.9, Log: true, Default: 0.1},
			{Name: "low", Low: 0.1, High: 0.95, Default: 0.5},
			{Name: "times", Low: 1.05, High: 2, Default: 1.5},
			{Name: "minus", Low: 0.005, High: 1, Log: true, Default: 0.1},
		},
		build: func(v []float64) Rival {
			return &banding{high: v[0], low: v[1], times: v[2], minus: v[3]}
		},
	}}
}
