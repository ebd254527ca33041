package rules

import "rubato/env"

// point is a batch: the interval before it, s, and how long it took, s.
type point struct{ interval, took float64 }

// iterating is the fixed-point iteration of Das et al. 2014 on the last two
// batches: where the larger took a greater share of its interval than the
// smaller, and the last more than rho of its own, the interval goes to (1 - r)
// of the smaller; else to the last batch's time over rho. Idle, it holds.
type iterating struct {
	rho, r, floor float64

	history    history
	last, prev point
	points     int
	interval   float64
}

// Decide implements Rival.
func (d *iterating) Decide(t *env.Tick) float64 {
	if d.interval == 0 || t.First {
		d.interval, d.points = max(t.Observation.Interval, d.floor), 0
	}
	if d.history.ended(t) && d.history.batch {
		d.prev, d.last = d.last, point{max(d.history.interval, 1e-3), d.history.took}
		d.points = min(d.points+1, 2)
		d.interval = limited(d.next(), d.floor, 60)
	}
	return d.interval
}

func (d *iterating) next() float64 {
	small, large := d.prev, d.last
	if small.interval > large.interval {
		small, large = large, small
	}
	if d.points == 2 && large.took/large.interval > small.took/small.interval &&
		d.last.took > d.rho*d.last.interval {
		return (1 - d.r) * small.interval
	}
	return d.last.took / d.rho
}

func fixedPoint() []Entry {
	return []Entry{{
		Name: "fixed-point", Meant: Every,
		Parameters: []Parameter{
			{Name: "rho", Low: 0.1, High: 0.99, Default: 0.7},
			{Name: "r", Low: 0.05, High: 0.6, Default: 0.25},
			floorParameter,
		},
		build: func(v []float64) Rival { return &iterating{rho: v[0], r: v[1], floor: v[2]} },
	}}
}
