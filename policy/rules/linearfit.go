package rules

import "rubato/env"

// fitting runs at the shortest interval that keeps the query stable by the
// fitted batch a + b n: a/(rho - b r), never below a floor (as DS2 scales by
// measured true rates: Kalavri et al. 2018).
type fitting struct {
	rho, floor, mix float64
}

// Decide implements Rival.
func (f fitting) Decide(t *env.Tick) float64 {
	o := &t.Observation
	return max(keepingUp(o, mixed(o, f.mix), f.rho), f.floor)
}

// floorParameter is the shortest interval that a rule goes down to, s: those
// that know no prices would otherwise trigger as fast as can be.
var floorParameter = Parameter{Name: "floor", Low: 0.05, High: 30, Log: true, Default: 0.5}

func linearFit() []Entry {
	return []Entry{{
		Name: "linear-fit", Meant: Every,
		Parameters: []Parameter{rhoParameter, floorParameter, {Name: "mix", Low: 0, High: 1, Default: 0}},
		build:      func(v []float64) Rival { return fitting{v[0], v[1], v[2]} },
	}}
}
