package rules

import "rubato/env"

// controlling is the law of Spark's PID rate estimator (proportional, integral
// over the scheduling delay, derivative), with the interval as what is moved
// instead of the ingestion rate: a cap on what is read is not the tuner's to
// set. The set point is a batch time of rho of the interval.
type controlling struct {
	proportional, integral, derivative, rho, floor float64

	history  history
	interval float64
	before   float64 // the error at the batch before
	known    bool
}

// Decide implements Rival.
func (c *controlling) Decide(t *env.Tick) float64 {
	if c.interval == 0 || t.First {
		c.interval, c.known = max(t.Observation.Interval, c.floor), false
	}
	if c.history.ended(t) && c.history.batch {
		x := max(c.history.interval, 1e-3)
		off := c.interval - c.history.took/c.rho
		delay := max(c.history.took-x, 0)
		change := c.proportional*off - c.integral*delay
		if c.known {
			change += c.derivative * (off - c.before)
		}
		c.before, c.known = off, true
		c.interval = limited(c.interval-change, c.floor, 60)
	}
	return c.interval
}

func pid() []Entry {
	return []Entry{{
		Name: "pid", Meant: Every,
		Parameters: []Parameter{
			{Name: "proportional", Low: 0.05, High: 1.5, Log: true, Default: 1},
			{Name: "integral", Low: 0, High: 1, Default: 0.2},
			{Name: "derivative", Low: 0, High: 0.5, Default: 0},
			{Name: "rho", Low: 0.05, High: 0.99, Default: 0.8},
			floorParameter,
		},
		build: func(v []float64) Rival {
			return &controlling{proportional: v[0], integral: v[1], derivative: v[2], rho: v[3], floor: v[4]}
		},
	}}
}
