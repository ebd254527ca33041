package agent

import (
	"rubato/policy"
	"rubato/policy/rules"
)

// Prior returns the policy that learning starts from until a pre-trained one is
// shipped: a clone of the waiting-cost rule, made on queries drawn by RandomQuery.
// The same seed gives the same bits; it takes a few seconds of one core.
func Prior(seed uint64) (*policy.Artefact, error) {
	return Clone(seed, rules.WaitingCost{Threshold: rules.DefaultThreshold}, RandomQuery)
}
