package learner

import (
	"fmt"
	"math"
	"math/rand/v2"

	"rubato/policy"
)

// The step size of Adam goes down by fall: from an actor's, or a critic's.
const (
	actorRate, criticRate = 3e-3, 5e-3
	fall                  = 10
)

// lesson is what a network is fitted to.
type lesson struct {
	shape shape
	// fit and check are the numbers of the samples to fit to, and of others, of
	// other drivers, to choose the epoch by.
	fit, check []int
	// input fills x, of the shape's size, for a sample.
	input func(x []float64, i int)
	// pull is the derivative of a sample's loss by the outputs.
	pull func(i int, out, pull []float64)
	// loss is that itself, what check is chosen by.
	loss func(i int, out []float64) float64
	rate float64
}

// split puts every fifth scene aside to check by.
func split(samples []sample) (fit, check []int) {
	for i := range samples {
		if samples[i].scene/5%5 == 4 { // all kinds alike
			check = append(check, i)
		} else {
			fit = append(fit, i)
		}
	}
	return fit, check
}

// mean is the network's mean loss at the samples put aside.
func (l *lesson) mean(n *net) float64 {
	x, sum := make([]float64, l.shape.size()), 0.0
	for _, i := range l.check {
		l.input(x, i)
		sum += l.loss(i, n.forward(x))
	}
	return sum / float64(max(len(l.check), 1))
}

// learn fits a network. It returns that of the epoch whose loss is least at the
// samples put aside, and its number: 0, and a network that says 0, where none
// was better than that.
func (l *lesson) learn(seed uint64, epochs int) (*net, int, error) {
	rng := rand.New(rand.NewPCG(seed, 0xf17))
	n := newNet(l.shape, rng, 0.01) // nearly nothing, at first
	step, err := newStepper(n)
	if err != nil {
		return nil, 0, err
	}
	defer step.close()
	start := copyOf(n)
	clear(start.by["w.out"])
	chosen, least, best := start, l.mean(start), 0
	x := make([]float64, l.shape.size())
	batches := (len(l.fit) + batchSize - 1) / batchSize * epochs
	for e := range epochs {
		for k, i := range rng.Perm(len(l.fit)) {
			done := float64(e*len(l.fit)+k) / batchSize / float64(batches)
			rate := l.rate * (1./fall + (1-1./fall)*(1+math.Cos(math.Pi*done))/2)
			i := l.fit[i]
			l.input(x, i)
			err := step.learn(x, rate, k == len(l.fit)-1, func(out, pull []float64) { l.pull(i, out, pull) })
			if err != nil {
				return nil, 0, fmt.Errorf("fitting: %w", err)
			}
		}
		if loss := l.mean(n); loss < least {
			chosen, least, best = copyOf(n), loss, e+1
		}
	}
	return chosen, best, nil
}

// actor is a lesson in what to add to the line's margin: the policy gradient of
// the advantages. What is made least is minus the advantage of what the policy
// does over what the line does.
func actor(samples []sample, advantages []float64, s shape, v view) *lesson {
	fit, check := split(samples)
	probability := func(margin float64) float64 { return sigmoid(policy.Sharpness * margin) }
	return &lesson{
		shape: s, fit: fit, check: check, rate: actorRate,
		input: func(x []float64, i int) { v.of(x, samples[i].input) },
		pull: func(i int, out, pull []float64) {
			p := probability(samples[i].margin + out[0])
			pull[0] = -advantages[i] * policy.Sharpness * p * (1 - p)
		},
		loss: func(i int, out []float64) float64 {
			m := samples[i].margin
			return -advantages[i] * (probability(m+out[0]) - probability(m))
		},
	}
}
