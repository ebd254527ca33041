package pretrain

import (
	"math"

	"rubato/env"
	"rubato/policy"
	"rubato/policy/rules"
)

// Verdict compares a policy with the waiting-cost rule on drivers that it was
// not trained on.
type Verdict struct {
	// Ratio is the geometric mean of the cost over the rule's; Worst the
	// largest.
	Ratio, Worst float64
	// Squashed is the mean logarithm, each driver's squashed (see Squash).
	Squashed float64
	Drivers  int
}

// knee is the logarithm of a ratio beyond which a single driver says little
// more: near overload one decision can decide all.
const knee = 0.25

// Squash is the logarithm of a ratio, held at the knee.
func Squash(ratio float64) float64 { return squash(ratio, knee) }

func squash(ratio, knee float64) float64 { return knee * math.Tanh(math.Log(ratio)/knee) }

// byRule decides as the waiting-cost rule of that threshold on the ladder.
func byRule(threshold float64) func(t *env.Tick) int {
	rule := rules.WaitingCost{Threshold: threshold}
	var p policy.Probabilities
	return func(t *env.Tick) int {
		rule.Probabilities(&t.Observation, t.Mask, &p)
		return int(t.Observation.Rung) + p.Argmax(t.Mask).Delta()
	}
}

func verdict(ratios []float64) Verdict {
	v := Verdict{Drivers: len(ratios)}
	sum := 0.0
	for _, r := range ratios {
		sum += math.Log(r)
		v.Squashed += Squash(r) / float64(len(ratios))
		v.Worst = max(v.Worst, r)
	}
	v.Ratio = math.Exp(sum / float64(max(len(ratios), 1)))
	return v
}
