package rules

import (
	"rubato/env"
	"rubato/policy"
)

// Fixed holds the interval that the query has: the configured one's rung.
type Fixed struct{}

// ID implements policy.Policy.
func (Fixed) ID() string { return "fixed" }

// Probabilities implements policy.Policy.
func (Fixed) Probabilities(_ *env.Observation, mask env.Mask, p *policy.Probabilities) {
	certain(env.Keep, mask, p)
}
