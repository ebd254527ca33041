package policy

import "rubato/env"

// Sharpness is the inverse temperature of a Network's probabilities: at a
// waiting cost a fifth off the threshold the sampled action is the argmax's
// five times of six. Exploration so stays about the threshold, where it is
// cheap, although a wait has many ticks.
const Sharpness = 8

// line is the logarithm of the threshold that a Network starts from, in the
// features: a constant, and what each feature, not below -1.5, adds. It began as
// the linear-threshold rule of package rules; its values were then searched on
// generated workloads and on random drivers, against the waiting-cost rule. The
// driver's load weighs most: a batch that would run beside others waits for
// more.
var line = struct {
	one   float64
	terms []term
}{-0.57, []term{
	{env.FeatureTrend, -0.03},
	{env.FeatureRunning, 0.8},
	{env.FeatureBusy, 0.1},
	{env.FeatureDriverLeft, 0.3},
	{env.FeatureNextPrice, 0.5},
}}

// late is what each target's worth of expected age beyond half of one adds.
const late = -0.3

type term struct {
	feature int
	weight  float64
}

// threshold is the line at the features.
func threshold(features []float64) float64 {
	sum := line.one
	for _, t := range line.terms {
		sum += t.weight * max(features[t.feature], -1.5)
	}
	return sum + late*features[env.FeatureTarget]*max(features[env.FeatureAgeServed]-0.5, 0)
}

// Prior are the scores that a Network's actor is added to, by action: those of
// a waiting-cost rule whose threshold is the exponential of a line in a few
// features. Of the two Choices the one that triggers gets ln(waiting cost /
// (threshold x price of a batch)), the other 0, so that an actor of 0 is that
// rule, and an actor's output is by how much it moves the threshold, in its
// logarithm. features are env.Features.
func Prior(features []float64) [env.NumActions]float64 {
	over := features[env.FeatureWaiting] - threshold(features)
	return [env.NumActions]float64{
		over * features[env.FeatureFiresShortened],
		over * features[env.FeatureFiresKept] * features[env.FeatureBottom],
		0,
	}
}
