package bench

import (
	"fmt"
	"math"

	"rubato/env/forecast"
)

// Verdict is a goal and what was measured.
type Verdict struct {
	Goal     string  `json:"goal"`
	Measured float64 `json:"measured"`
	Limit    float64 `json:"limit"`
	Held     bool    `json:"held"`
	// Where names the worst case, Misses all that missed.
	Where  string   `json:"where"`
	Misses []string `json:"misses"`
}

// The goals.
const (
	vsBest       = 1.02
	vsBursty     = 0.95
	vsAR         = 1.05
	leastCovered = 0.87
	mostCovered  = 0.93
)

// verdicts holds the rows against the goals.
func (r *Report) verdicts(families []Family, models []entry) []Verdict {
	at := r.index()
	best := Verdict{Goal: "MAE / best baseline's, worst family and horizon", Limit: vsBest}
	trans := Verdict{Goal: "MAE in transitions / AR's, worst family and horizon", Limit: vsAR}
	bursty := Verdict{Goal: "MAE / best baseline's, geometric mean over the bursty families and horizons", Limit: vsBursty, Where: "all bursty"}
	low := Verdict{Goal: "coverage of the 90 % interval, least", Limit: leastCovered, Measured: math.Inf(1)}
	high := Verdict{Goal: "coverage of the 90 % interval, most", Limit: mostCovered}
	logs, n := 0.0, 0.0
	for _, f := range families {
		for _, h := range forecast.Horizons {
			mine := at[cell{f.Name, nameEnsemble, h}]
			where := fmt.Sprintf("%s %d s", f.Name, h)
			rival := math.Inf(1)
			for _, m := range models {
				if m.baseline {
					rival = min(rival, at[cell{f.Name, m.name, h}].MAE)
				}
			}
			if rival > 0 {
				best.worst(mine.MAE/rival, where)
				if f.Bursty {
					logs, n = logs+math.Log(mine.MAE/rival), n+1
				}
			}
			if a := at[cell{f.Name, nameAR, h}]; a.TransitionMAE > 0 {
				trans.worst(mine.TransitionMAE/a.TransitionMAE, where)
			}
			high.worst(mine.Coverage, where)
			if mine.Coverage < low.Limit {
				low.Misses = append(low.Misses, fmt.Sprintf("%s: %.3f", where, mine.Coverage))
			}
			if mine.Coverage < low.Measured {
				low.Measured, low.Where = mine.Coverage, where
			}
		}
	}
	low.Held = low.Measured >= low.Limit
	if n > 0 {
		bursty.Measured = math.Exp(logs / n)
		bursty.Held = bursty.Measured <= bursty.Limit
	}
	for _, v := range []*Verdict{&best, &trans, &high} {
		v.Held = v.Measured <= v.Limit
	}
	return []Verdict{best, bursty, trans, low, high}
}

// worst keeps the greatest measure.
func (v *Verdict) worst(x float64, where string) {
	if x > v.Limit {
		v.Misses = append(v.Misses, fmt.Sprintf("%s: %.3f", where, x))
	}
	if x > v.Measured {
		v.Measured, v.Where = x, where
	}
}
