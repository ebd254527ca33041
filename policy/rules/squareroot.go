package rules

import (
	"math"

	"rubato/env"
)

// economic is the square-root interval, the economic order quantity (Harris
// 1913): I = scale x sqrt(2 c m / (w r)), optimal for a steady rate r, and
// never below a/(rho - b r), at which the query just keeps up.
type economic struct {
	scale, blind, mix, rho float64
}

// Decide implements Rival.
func (e economic) Decide(t *env.Tick) float64 {
	o := &t.Observation
	scale := e.scale
	if o.Sighted == 0 {
		scale = e.blind
	}
	r := mixed(o, e.mix)
	return max(scale*rootInterval(o, r), keepingUp(o, r, e.rho))
}

// mixed is the arrival rate, with the given share of the 2 s rate in the 15 s
// rate, events/s.
func mixed(o *env.Observation, share float64) float64 { return o.R15 + share*(o.R2-o.R15) }

// rootInterval is sqrt(2 c m / (w r)), s, at most Wait.
func rootInterval(o *env.Observation, r float64) float64 {
	return limited(math.Sqrt(2*o.Weights.Batch*o.Reference/(o.Weights.Latency*r)), 0, Wait)
}

// keepingUp is the interval at which a share rho of the time is spent in
// batches at the rate r, s, at most Wait.
func keepingUp(o *env.Observation, r, rho float64) float64 {
	left := rho - o.PerRow*r
	if left <= o.Overhead/Wait {
		return Wait
	}
	return o.Overhead / left
}

// rhoParameter is the share of its time that a query may spend in batches.
var rhoParameter = Parameter{Name: "rho", Low: 0.3, High: 0.99, Default: 0.9}

func squareRoot() []Entry {
	return []Entry{expects(Entry{
		Name: "square-root", Meant: Sighted | Blind,
		Parameters: []Parameter{
			{Name: "scale", Low: 0.2, High: 3, Log: true, Default: 1},
			{Name: "scale_blind", Low: 0.2, High: 3, Log: true, Default: 1},
			{Name: "mix", Low: 0, High: 1, Default: 0.5},
			rhoParameter,
		},
		build: func(v []float64) Rival { return economic{v[0], v[1], v[2], v[3]} },
	})}
}
