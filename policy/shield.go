package policy

import (
	"rubato/env"
)

const (
	// growingEnds is the number of trigger ends in a row at which the debt must
	// have grown before the rule takes over.
	growingEnds = 4
	// growth is by how much a debt must exceed that of the trigger end before.
	growth = 1.05
	// overdue is how many prices of a batch waiting may have cost since the
	// trigger before the rule is asked: of a steady load and one query, a wait
	// twice the best one (which is at 1, the square root rule's).
	overdue = 4
	// turns is how many times as long as the batches of all queries of the driver
	// would take in turn, each as long as this one's, that wait must last, too.
	turns = 2
)

// Shield stands after a policy and has the last word. It lets an action pass
// unless
//
//   - the metrics are stale: the interval is kept;
//   - the policy's output is not a distribution over the allowed actions: the
//     rule decides;
//   - the query's debt keeps growing: the rule decides. Debt is the time per
//     event x the outstanding, and counts where it exceeds both the fitted
//     overhead and the interval in effect. It must have grown by 5 % at each of
//     the last four trigger ends: back-to-back batches, or one long batch, can
//     be right;
//   - waiting since the trigger has cost four times the price of a batch: the
//     rule decides. Only where the backlog is seen and batches cost something.
//     Queries that share a driver do well to wait for one another: there it must
//     be that times their square, and the wait twice as long as their batches
//     take one after the other.
//
// Bounds and the one-step rule are met by the mask.
type Shield struct {
	rule Policy
	p    Probabilities
}

// ShieldState is what the shield remembers of one query's run.
type ShieldState struct {
	// Trigger is the start of the last trigger seen to end.
	Trigger env.Time `json:"trigger"`
	// Debt is the time to work off what was outstanding at its end, s, 0 where
	// that was no debt.
	Debt float64 `json:"debt"`
	// Growing counts the trigger ends in a row at which the debt grew.
	Growing int `json:"growing"`
}

// NewShield returns a shield that hands over to rule.
func NewShield(rule Policy) *Shield { return &Shield{rule: rule} }

// Check returns the action to execute instead of proposed, which was drawn
// from p, and why. The verdict is zero where the action passes, also where the
// rule was asked and agreed. st is the query's, and is brought up to date.
func (s *Shield) Check(t *env.Tick, p *Probabilities, proposed env.Action, st *ShieldState) (env.Action, Verdict) {
	if t.First {
		*st = ShieldState{}
	}
	st.see(t)
	var why Verdict
	switch {
	case t.Stale:
		if proposed == env.Keep {
			return env.Keep, 0
		}
		return env.Keep, VerdictStale
	case !p.Valid(t.Mask), proposed >= env.NumActions, !t.Mask[proposed]:
		return s.decide(t), VerdictNaN
	case st.Growing >= growingEnds:
		why = VerdictBacklog
	case outOfProportion(&t.Observation):
		why = VerdictOverdue
	default:
		return proposed, 0
	}
	action := s.decide(t)
	if action == proposed {
		return action, 0
	}
	return action, why
}

// outOfProportion says whether waiting has cost far more than a batch by now.
func outOfProportion(o *env.Observation) bool {
	if o.Sighted == 0 || o.Weights.Batch <= 0 {
		return false
	}
	queries := 1 + o.DriverQueries
	if queries > 1 && o.SinceTrigger < turns*queries*o.BatchSmoothed {
		return false
	}
	return o.WaitingCost() >= overdue*queries*queries*o.Weights.Batch
}

// decide asks the rule; Keep where even the rule has no answer.
func (s *Shield) decide(t *env.Tick) env.Action {
	s.rule.Probabilities(&t.Observation, t.Mask, &s.p)
	if !s.p.Valid(t.Mask) {
		return env.Keep
	}
	return s.p.Argmax(t.Mask)
}

// see follows the debt from trigger end to trigger end.
func (st *ShieldState) see(t *env.Tick) {
	o := &t.Observation
	start := t.At.Add(-o.SinceTrigger)
	if start.Sub(st.Trigger) < 1e-3 {
		return
	}
	debt := o.PerRow * o.Outstanding
	if !(debt > max(o.Overhead, o.Interval)) {
		debt = 0
	}
	if debt > growth*st.Debt {
		st.Growing++
	} else {
		st.Growing = 0
	}
	if debt == 0 {
		st.Growing = 0
	}
	st.Trigger, st.Debt = start, min(debt, 1e300)
}
