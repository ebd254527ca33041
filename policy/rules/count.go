package rules

import (
	"math"

	"rubato/env"
)

// counting triggers when as many events are outstanding as is optimal for a
// Poisson stream of known rate (Deb and Serfozo 1973):
// scale x sqrt(2 c r m / w).
type counting struct {
	scale, mix float64
}

// Decide implements Rival.
func (c counting) Decide(t *env.Tick) float64 {
	o := &t.Observation
	r := mixed(o, c.mix)
	enough := c.scale * math.Sqrt(2*o.Weights.Batch*r*o.Reference/o.Weights.Latency)
	return when(o, available(o) && (full(o) || o.Outstanding >= enough))
}

func countThreshold() []Entry {
	return []Entry{expects(Entry{
		Name: "count-threshold", Meant: Sighted | Blind,
		Parameters: []Parameter{
			{Name: "scale", Low: 0.2, High: 3, Log: true, Default: 1},
			{Name: "mix", Low: 0, High: 1, Default: 0.5},
		},
		build: func(v []float64) Rival { return counting{v[0], v[1]} },
	})}
}
