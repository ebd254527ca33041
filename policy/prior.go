package policy

import "rubato/env"

// Sharpness is the inverse temperature of a Network's probabilities: at a
// waiting cost a fifth off the threshold the sampled action is the argmax's
// five times of six. Exploration so stays about the threshold, where it is
// cheap, although a wait has many ticks.
const Sharpness = 8

// Prior are the scores that a Network's actor is added to, by action: those of
// a rule that triggers where a Pressure passes a threshold, the exponential of a
// line in the features (PriorLines): with the zero Pressure, a waiting-cost rule.
// Of the two Choices the one that triggers gets ln(pressure / threshold), the
// other 0, so that an actor of 0 is that rule, and an actor's output is by how
// much it moves the threshold, in its logarithm. features are env.Features.
func Prior(features []float64) [env.NumActions]float64 {
	over := prior.Margin(features)
	return [env.NumActions]float64{
		over * features[env.FeatureFiresShortened],
		over * features[env.FeatureFiresKept] * features[env.FeatureBottom],
		0,
	}
}
