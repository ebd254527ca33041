package policy

import "rubato/env"

// Probabilities of the actions, in the order of env.Action; they sum to 1.
type Probabilities [env.NumActions]float64

// Policy maps an observation to action probabilities. It is a pure function:
// the same observation gives the same bits. Implementations may keep scratch
// space and are not safe for concurrent use.
type Policy interface {
	// ID names the policy and, where it has weights, their hash.
	ID() string
	// Probabilities fills p; actions that mask forbids get 0.
	Probabilities(o *env.Observation, mask env.Mask, p *Probabilities)
}

// Verdict is what the shield did to a proposed action: a set of reasons, zero
// when it let the action pass.
type Verdict uint16

// The reasons for which the shield overrides a policy. Bounds and the one-step
// rule are met by the mask and the ladder and need no reason of their own.
const (
	// VerdictBacklog: the backlog kept growing; the waiting-cost rule decided.
	VerdictBacklog Verdict = 1 << iota
	// VerdictStale: the metrics were too old; the interval was kept.
	VerdictStale
	// VerdictNaN: the policy's output was not a distribution; the rule decided.
	VerdictNaN
	// VerdictOverdue: waiting had cost out of all proportion; the rule decided.
	VerdictOverdue
)
