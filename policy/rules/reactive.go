package rules

import "rubato/env"

// reacting runs fast after a large batch and slow after a small one.
type reacting struct {
	rows    float64 // events; 0 where seconds says it
	seconds float64 // of the mean load, s
	fast    float64 // s
	slow    float64 // s

	history  history
	interval float64
}

// Decide implements Rival.
func (r *reacting) Decide(t *env.Tick) float64 {
	if r.interval == 0 || t.First {
		r.interval = r.slow
	}
	if r.history.ended(t) {
		large := r.rows
		if large == 0 {
			large = r.seconds * t.Observation.Reference
		}
		r.interval = r.slow
		if r.history.rows > large {
			r.interval = r.fast
		}
	}
	return r.interval
}

// reactive are the rule as published with AdaptiveStream (more than 200 rows:
// 0.5 s, else 2 s) and the same with its thresholds tuned, the large batch in
// seconds of the query's mean load.
func reactive() []Entry {
	return []Entry{{
		Name: "reactive-published", Meant: Every,
		build: func([]float64) Rival { return &reacting{rows: 200, fast: 0.5, slow: 2} },
	}, {
		Name: "reactive", Meant: Every,
		Parameters: []Parameter{
			{Name: "seconds", Low: 0.1, High: 100, Log: true, Default: 2},
			{Name: "fast", Low: 0.05, High: 10, Log: true, Default: 0.5},
			{Name: "slow", Low: 0.2, High: 60, Log: true, Default: 2},
		},
		build: func(v []float64) Rival { return &reacting{seconds: v[0], fast: v[1], slow: v[2]} },
	}}
}
