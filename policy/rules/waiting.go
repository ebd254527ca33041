package rules

import "rubato/env"

// waiting triggers when the latency cost run up since the last trigger reaches
// a share of the price of a batch (dynamic TCP acknowledgement: Dooly, Goldman
// and Scott 1998): WaitingCost, acting outright.
type waiting struct {
	k, blind float64 // the share where end offsets are seen, and where not
}

// Decide implements Rival.
func (w waiting) Decide(t *env.Tick) float64 {
	o := &t.Observation
	return when(o, available(o) && o.WaitingCost() >= w.share(o)*o.Weights.Batch)
}

func (w waiting) share(o *env.Observation) float64 {
	if o.Sighted == 0 {
		return w.blind
	}
	return w.k
}

// shares are the parameters of a waiting.
var shares = []Parameter{
	{Name: "k", Low: 0.1, High: 3, Log: true, Default: DefaultThreshold},
	{Name: "k_blind", Low: 0.1, High: 3, Log: true, Default: DefaultThreshold},
}

// waitingCosts are the rule as it stands, the rule with its share tuned on the
// queries it was made for, and the rule with its share tuned on all.
func waitingCosts() []Entry {
	build := func(v []float64) Rival { return waiting{v[0], v[1]} }
	return []Entry{
		{Name: "waiting-cost-0.6", Meant: Every, build: func([]float64) Rival {
			return waiting{DefaultThreshold, DefaultThreshold}
		}},
		{Name: "waiting-cost", Meant: Sighted | Blind, Parameters: shares, build: build},
		{Name: "waiting-cost-everywhere", Meant: Every, Parameters: shares, build: build},
	}
}
