package rules

import (
	"math"
	"math/rand/v2"

	"rubato/env"
)

// perturbing is simultaneous perturbation stochastic approximation (Spall
// 1992) of the logarithm of the interval, as NoStop uses it (2021): the cost
// is measured over a window on either side, the gains are a/(A + k + 1)^0.602
// and c/(k + 1)^0.101, and k starts anew when the rate shifts.
type perturbing struct {
	a, c, window, shift float64

	rng            *rand.Rand
	theta, sign    float64
	k              int
	second         bool    // the second of the two sides is measured
	first          float64 // cost rate of the first side
	cost, measured float64
	rate           float64 // at the last start
}

// spsaSteady is A, and spsaStep the longest step, in the logarithm.
const (
	spsaSteady = 5
	spsaStep   = 0.7
)

// Decide implements Rival.
func (p *perturbing) Decide(t *env.Tick) float64 {
	o := &t.Observation
	if p.rng == nil || t.First {
		p.rng = rand.New(rand.NewPCG(1, 2021))
		p.theta = math.Log(limited(o.Interval, 0.1, 60))
		p.restart(o.R15)
	}
	p.cost += o.Weights.Cost(t.Cost)
	p.measured += t.Elapsed
	if shifted := math.Abs(math.Log((o.R15 + 1e-9) / (p.rate + 1e-9))); shifted > p.shift {
		p.restart(o.R15)
	}
	if p.measured >= p.window {
		p.turn()
	}
	return math.Exp(limited(p.theta+p.sign*p.width(), math.Log(0.05), math.Log(60)))
}

func (p *perturbing) restart(rate float64) {
	p.k, p.rate = 0, rate
	p.begin()
}

// begin draws the side that is measured first.
func (p *perturbing) begin() {
	p.sign = float64(1 - 2*p.rng.IntN(2))
	p.second, p.cost, p.measured = false, 0, 0
}

func (p *perturbing) width() float64 { return p.c / math.Pow(float64(p.k+1), 0.101) }

// turn ends a window.
func (p *perturbing) turn() {
	rate := math.Log(p.cost/p.measured + 1e-9)
	if !p.second {
		p.first, p.second, p.sign = rate, true, -p.sign
		p.cost, p.measured = 0, 0
		return
	}
	gradient := p.sign * (rate - p.first) / (2 * p.width())
	gain := p.a / math.Pow(float64(spsaSteady+p.k+1), 0.602)
	p.theta = limited(p.theta-limited(gain*gradient, -spsaStep, spsaStep), math.Log(0.1), math.Log(60))
	p.k++
	p.begin()
}

func spsa() []Entry {
	return []Entry{{
		Name: "spsa", Meant: Every,
		Parameters: []Parameter{
			{Name: "a", Low: 0.05, High: 10, Log: true, Default: 1},
			{Name: "c", Low: 0.05, High: 1, Log: true, Default: 0.3},
			{Name: "window", Low: 2, High: 60, Log: true, Default: 10},
			{Name: "shift", Low: 0.2, High: 5, Log: true, Default: 1.5},
		},
		build: func(v []float64) Rival {
			return &perturbing{a: v[0], c: v[1], window: v[2], shift: v[3]}
		},
	}}
}
