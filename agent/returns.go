package agent

import (
	"math"

	"rubato/env"
	"rubato/policy"
)

// VTrace writes the V-trace targets and policy-gradient advantages (Espeholt
// et al. 2018, equations 1 and 3, with lambda) of a trajectory. ratios are
// pi(a|s)/mu(a|s), cut at 1 for both rho and c. The advantages include rho. All
// slices have the trajectory's length but values, which has one more: the last
// bootstraps. gammas and lambdas are per step, since steps differ in length.
func VTrace(rewards, gammas, lambdas, ratios, values, advantages, targets []float64) {
	last := len(rewards)
	excess, next := 0.0, values[last] // target - value, and target, of the step after
	for i := last - 1; i >= 0; i-- {
		rho := min(1, ratios[i])
		delta := rho * (rewards[i] + gammas[i]*values[i+1] - values[i])
		advantages[i] = rho * (rewards[i] + gammas[i]*next - values[i])
		excess = delta + gammas[i]*lambdas[i]*rho*excess
		next = values[i] + excess
		targets[i] = next
	}
}

// discount is the semi-Markov discount over tau seconds.
func discount(tau float64) float64 { return math.Exp(-env.DiscountRate * tau) }

// fade is lambda over tau seconds, with the credit horizon of the step.
func fade(tau, horizon float64) float64 { return math.Exp(-tau / horizon) }

// creditHorizon is T of lambda = exp(-tau/T), s: how long an action's effect
// is followed by rewards rather than by the critic.
func creditHorizon(o *env.Observation) float64 {
	t := max(10, 2*o.BatchSmoothed)
	if w := &o.Weights; w.Latency > 0 && w.Batch > 0 && o.R15 > 0 && o.Reference > 0 {
		t = max(t, 3*math.Sqrt(2*w.Batch*o.Reference/(w.Latency*o.R15)))
	}
	return min(t, 600)
}

// natural is the scale of a query's cost rate: that of the square-root rule at
// its reference rate, sqrt(2 x batch price x latency price), and of the delay
// that a batch's overhead costs in any case. Costs are learnt in its units, so
// that one critic serves all prices.
func natural(o *env.Observation) float64 {
	w := &o.Weights
	x := math.Sqrt(2*w.Batch*w.Latency) + w.Latency*o.Overhead
	if x > 0 && !math.IsInf(x, 0) {
		return x
	}
	if x = w.Batch + w.Latency + w.Empty + w.Miss + w.Backlog; x > 0 && !math.IsInf(x, 0) {
		return x
	}
	return 1
}

// returnScale keeps the root mean square of the discounted return: its
// deviation about zero, since the mean is not subtracted.
type returnScale struct {
	Count  float64 `json:"count"`
	Square float64 `json:"square"`
}

const (
	// scalePrior is how many returns a scale taken over from an artefact weighs.
	scalePrior = 256
	// rewardLimit clips scaled rewards.
	rewardLimit = 10
)

// scaleFrom continues from a frozen scale.
func scaleFrom(frozen float64) returnScale {
	return returnScale{Count: scalePrior, Square: scalePrior * frozen * frozen}
}

func (s *returnScale) add(g float64) {
	s.Count++
	s.Square += g * g
}

// value is the divisor of rewards.
func (s *returnScale) value() float64 {
	if s.Count == 0 {
		return 1
	}
	return max(math.Sqrt(s.Square/s.Count), 1e-6)
}

// rescale changes the units of the critic at the end of weights, so that it says
// factor times what it said (the scaling half of PopArt, van Hasselt et al.
// 2016). The output layer is linear and comes last.
func rescale(layout policy.Layout, weights []float64, factor float64) {
	for i := len(weights) - layout.Width - 1; i < len(weights); i++ {
		weights[i] *= factor
	}
}

// scaled is a reward in the critic's units.
func scaled(reward, scale float64) float64 {
	return min(max(reward/scale, -rewardLimit), rewardLimit)
}
