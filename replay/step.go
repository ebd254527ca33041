package replay

import (
	"rubato/env"
	"rubato/policy"
)

// Step is one decision and what came of the one before it.
type Step struct {
	// Index counts the steps of the tuner from 1, over restarts.
	Index uint64
	Query env.QueryKey
	Run   env.RunID
	Group string
	// Mode is "observe", "learn" or "serve".
	Mode  string
	At    env.Time
	Cause uint64
	// Arrived is how many events had arrived by At, on the run's own scale.
	Arrived float64
	// Elapsed, Cost and Discounted are of the time since the query's previous
	// step: the consequence of that step's action.
	Elapsed          float64
	Cost, Discounted env.Components
	First, Teaches   bool
	Observation      env.Observation
	Mask             env.Mask
	// Probabilities are the policy's after masking; Proposed is what was drawn
	// from them (or their argmax), Action what the shield let be executed.
	Probabilities    policy.Probabilities
	Proposed, Action env.Action
	Verdict          policy.Verdict
	// Rung is the rung commanded from now on.
	Rung   int
	Policy string
}
