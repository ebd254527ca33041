package rules

import (
	"rubato/env"
	"rubato/policy"
)

// DefaultThreshold is the share of a batch's price at which WaitingCost
// triggers. The best one varies between 0.5 and 0.7 with the load; one for all
// costs about 1 %.
const DefaultThreshold = 0.6

// WaitingCost triggers when the latency cost run up since the last trigger
// reaches Threshold times the price of a batch, and with nothing outstanding
// waits on (dynamic TCP acknowledgement: Dooly, Goldman and Scott 1998). Where
// batches cost nothing it triggers as soon as there is data; where latency
// costs nothing, and batches do, never by itself. Data that
// minOffsetsPerTrigger would hold back is waited for. Where end offsets are not
// seen, events are taken to arrive at a share of the reference rate at least:
// the smoothed rates of a query that has been idle go to nothing, and it would
// not be asked again before the end of the ladder.
type WaitingCost struct {
	Threshold float64
}

// ID implements policy.Policy.
func (WaitingCost) ID() string { return "waiting-cost" }

// Probabilities implements policy.Policy.
func (w WaitingCost) Probabilities(o *env.Observation, mask env.Mask, p *policy.Probabilities) {
	certain(w.choose(o), mask, p)
}

// unseen is the least share of the reference rate at which events are taken to
// arrive where end offsets are not seen.
const unseen = 0.15

func (w WaitingCost) choose(o *env.Observation) env.Action {
	n, cost := o.Outstanding, o.WaitingCost()
	if o.Sighted == 0 && o.Reference > 0 {
		s := o.SinceTrigger
		n = max(n, unseen*o.Reference*s)
		cost = max(cost, o.Weights.Latency*unseen*s*s/2)
	}
	if n >= max(env.OneEvent, o.Floor) && cost >= w.Threshold*o.Weights.Batch {
		return env.Shorten
	}
	return stepAhead(o)
}
