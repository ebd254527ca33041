package policy

import (
	"math"

	"rubato/env"
)

// Sharpness is the inverse temperature of a Network's probabilities: at a
// waiting cost a fifth off the threshold the sampled action is the argmax's
// five times of six. Exploration so stays about the threshold, where it is
// cheap, although a wait has many ticks.
const Sharpness = 8

// Prior are the scores that a Network's actor is added to, by action: those of
// the waiting-cost rule (see rules.WaitingCost). Of the two Choices the one that
// triggers gets ln(waiting cost / (0.6 x price of a batch)), the other 0, so
// that an actor of 0 is that rule, and an actor's output is by how much it moves
// the rule's threshold, in its logarithm. features are env.Features, or begin
// like them.
func Prior(features []float64) [env.NumActions]float64 {
	over := features[env.FeatureWaiting] - lnThreshold
	return [env.NumActions]float64{
		over * features[env.FeatureFiresShortened],
		over * features[env.FeatureFiresKept] * features[env.FeatureBottom],
		0,
	}
}

// lnThreshold is the logarithm of the share of a batch's price at which the
// rule triggers.
var lnThreshold = math.Log(0.6)
