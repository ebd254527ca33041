package tuning

import (
	"fmt"

	"rubato/env"
	"rubato/env/sim"
	"rubato/policy"
	"rubato/policy/rules"
)

// actor commands a query of s after a tick; l is the query's ladder.
type actor func(s *sim.Sim, t *env.Tick, l env.Ladder)

// actor is the line without what v leaves out, or v's rival.
func (v *Variant) actor() (actor, error) {
	if v.Rival != "" {
		e, ok := rules.Find(v.Rival)
		if !ok {
			return nil, fmt.Errorf("variant %q: no rule %q", v.Name, v.Rival)
		}
		return byRival(e), nil
	}
	lines := policy.PriorLines()
	if v.Without != nil {
		v.Without(&lines.Sighted)
		v.Without(&lines.Blind)
	}
	var features env.Features
	return func(s *sim.Sim, t *env.Tick, _ env.Ladder) {
		step(s, t, lines.Choose(&t.Observation, t.Mask, &features))
	}, nil
}

// byRule is the waiting-cost rule on the ladder.
func byRule(threshold float64) actor {
	rule := rules.WaitingCost{Threshold: threshold}
	return func(s *sim.Sim, t *env.Tick, _ env.Ladder) {
		var p policy.Probabilities
		rule.Probabilities(&t.Observation, t.Mask, &p)
		step(s, t, p.Argmax(t.Mask))
	}
}

func step(s *sim.Sim, t *env.Tick, a env.Action) {
	s.Act(t.Query, int(t.Observation.Rung)+a.Delta())
}

// byRival is a rival for each query, as committed.
func byRival(e rules.Entry) actor {
	rivals := map[env.QueryKey]rules.Rival{}
	return func(s *sim.Sim, t *env.Tick, l env.Ladder) {
		r := rivals[t.Query]
		if r == nil {
			r = e.New()
			rivals[t.Query] = r
		}
		s.Command(t.Query, rules.Outright(r.Decide(t), l))
	}
}
