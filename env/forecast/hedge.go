package forecast

import "math"

// hedge mixes forecasts by exponential weights (Freund and Schapire 1997) on
// their absolute errors, in units of the mixture's own mean error. A fixed share
// flows to all alike (Herbster and Warmuth 1998), so that a member that was
// wrong for long can lead again within a minute.
type hedge struct {
	Weight [members]float64
	// Error is the mean absolute error of the mixture (tau 100 s).
	Error, ErrorWeight float64
}

const (
	hedgeRate  = 0.05
	hedgeShare = 0.001
	hedgeTau   = 100
	hedgeWorst = 20 // most that one second counts, mean errors
)

func newHedge() (h hedge) {
	for i := range h.Weight {
		h.Weight[i] = 1 / float64(members)
	}
	return h
}

// mix is the weighted mean of the forecasts of those that are not out.
func (h *hedge) mix(forecasts *[members]float64, out *[members]uint64) float64 {
	sum, weight := 0.0, 0.0
	for i, f := range forecasts {
		if out[i] == 0 {
			sum += h.Weight[i] * f
			weight += h.Weight[i]
		}
	}
	return sum / weight
}

// learn takes in what came of a mixture and of its members.
func (h *hedge) learn(y, mixed float64, forecasts *[members]float64) {
	e := math.Abs(y - mixed)
	h.Error += (e - h.Error) / hedgeTau
	h.ErrorWeight += (1 - h.ErrorWeight) / hedgeTau
	unit := h.Error / h.ErrorWeight
	if !(unit > 0) {
		return
	}
	sum := 0.0
	for i, f := range forecasts {
		loss := min((math.Abs(y-f)-e)/unit, hedgeWorst)
		h.Weight[i] *= math.Exp(-hedgeRate * loss)
		sum += h.Weight[i]
	}
	for i := range h.Weight {
		h.Weight[i] = (1-hedgeShare)*h.Weight[i]/sum + hedgeShare/float64(members)
	}
}
