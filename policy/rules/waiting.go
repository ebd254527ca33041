package rules

import "rubato/env"

// waiting triggers when the latency cost run up since the last trigger reaches
// a share of the price of a batch (dynamic TCP acknowledgement: Dooly, Goldman
// and Scott 1998), or the next batch is full: WaitingCost, acting outright, but
// for the latter.
type waiting struct {
	k, blind float64 // the share where end offsets are seen, and where not
}

// Decide implements Rival.
func (w waiting) Decide(t *env.Tick) float64 {
	o := &t.Observation
	return when(o, available(o) && (full(o) || o.WaitingCost() >= w.share(o)*o.Weights.Batch))
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

// published is the rule as it can be named in the configuration.
type published struct{ rule WaitingCost }

// Decide implements Rival.
func (p published) Decide(t *env.Tick) float64 {
	o := &t.Observation
	return when(o, available(o) && o.WaitingCost() >= p.rule.Threshold*o.Weights.Batch)
}

// waitingCosts are the rule as it stands, the rule with its share tuned on the
// queries it was made for, and the rule with its share tuned on all.
func waitingCosts() []Entry {
	build := func(v []float64) Rival { return waiting{v[0], v[1]} }
	return []Entry{
		{Name: "waiting-cost-0.6", Meant: Every, build: func([]float64) Rival {
			return published{WaitingCost{DefaultThreshold}}
		}},
		expects(Entry{Name: "waiting-cost", Meant: Sighted | Blind, Parameters: shares, build: build}),
		expects(Entry{Name: "waiting-cost-everywhere", Meant: Every, Parameters: shares, build: build}),
	}
}
