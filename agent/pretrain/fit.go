package pretrain

import (
	"fmt"
	"math"
	"math/rand/v2"

	"rubato/env"
	"rubato/policy"
	"rubato/policy/train"
)

const (
	epochs   = 2 // over a round's samples
	fitBatch = 512
	// The step size goes from fitRate to fitLastRate over all rounds.
	fitRate     = 1e-3
	fitLastRate = 1e-4
	normLimit   = 0.5
	// heaviest bounds a sample's advantage, in units of the mean size: one that
	// met a rare burst must not decide alone.
	heaviest = 8
)

// fitter takes gradient steps on the actor's weights; the critic's stay.
type fitter struct {
	layout policy.Layout
	graph  *train.Graph
	batch  *train.Batch
	grad   []float64
}

func newFitter(l policy.Layout) (*fitter, error) {
	graph, err := train.NewGraph(l, fitBatch)
	if err != nil {
		return nil, err
	}
	return &fitter{layout: l, graph: graph, batch: train.NewBatch(l, fitBatch), grad: make([]float64, l.Size())}, nil
}

func (f *fitter) close() { _ = f.graph.Close() } // frees memory only

// fit climbs the policy gradient: the sum over the samples of the advantage of
// triggering times the probability that the policy triggers. The critic stays.
// It moves weights and adam.
func (f *fitter) fit(rng *rand.Rand, weights []float64, adam *train.Adam, samples []sample, rate float64) error {
	mean := 0.0
	for i := range samples {
		mean += math.Abs(samples[i].advantage) / float64(len(samples))
	}
	for range epochs {
		order := rng.Perm(len(samples))
		for len(order) > 0 {
			n := min(fitBatch, len(order))
			net, err := policy.NewNetwork(f.layout, weights)
			if err != nil {
				return err
			}
			f.batch.Clear()
			for i, at := range order[:n] {
				f.fill(net, i, &samples[at], mean)
			}
			order = order[n:]
			if _, err := f.graph.Gradient(weights, f.batch, f.grad); err != nil {
				return err
			}
			if norm := train.ClipNorm(f.grad[:f.layout.ActorSize()], normLimit); math.IsNaN(norm) {
				return fmt.Errorf("the gradient is not a number")
			}
			clear(f.grad[f.layout.ActorSize():])
			adam.Update(weights, f.grad, f.layout.ActorSize(), rate, 0)
		}
	}
	return nil
}

// fill puts a sample into row i. The gradient of p(trigger) is that of
// p(trigger) log p(trigger) with the factor held still.
func (f *fitter) fill(net *policy.Network, i int, x *sample, mean float64) {
	inputs := f.layout.Inputs
	row := f.batch.Features[i*inputs : (i+1)*inputs]
	train.Widen(row, x.features)
	f.batch.Mask[i] = env.Mask{}
	f.batch.Mask[i][x.trigger], f.batch.Mask[i][x.wait] = true, true
	var p policy.Probabilities
	net.Act(row, f.batch.Mask[i], &p)
	advantage := max(min(x.advantage/mean, heaviest), -heaviest)
	f.batch.Pick[i*env.NumActions+int(x.trigger)] = advantage * p[x.trigger] / fitBatch
}

// cosine goes from first to last as x goes from 0 to 1.
func cosine(first, last, x float64) float64 {
	return last + (first-last)*(1+math.Cos(math.Pi*x))/2
}
