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
	fitBatch    = 512
	fitRate     = 2e-3
	fitLastRate = 5e-5
	normLimit   = 0.5
	// heaviest bounds a sample's weight, in units of the mean: one that met a
	// rare burst must not decide alone.
	heaviest = 12
)

// fit moves the actor towards the better action of each sample, weighted by
// how much better it was: the cost-sensitive classification of Lagoudakis and
// Parr (2003), whose gradient is a policy gradient with the advantages of
// branched rollouts. The critic stays.
func fit(rng *rand.Rand, net *policy.Network, samples []sample, steps int) (*policy.Network, error) {
	l := net.Layout()
	graph, err := train.NewGraph(l, fitBatch)
	if err != nil {
		return nil, err
	}
	defer func() { _ = graph.Close() }() // frees memory only
	mean := 0.0
	for i := range samples {
		mean += math.Abs(samples[i].advantage) / float64(len(samples))
	}
	weights := append([]float64(nil), net.Weights()...)
	batch, grad, adam := train.NewBatch(l, fitBatch), make([]float64, l.Size()), train.NewAdam(l.Size())
	order, at := rng.Perm(len(samples)), 0
	for step := range steps {
		batch.Clear()
		cur, err := policy.NewNetwork(l, weights)
		if err != nil {
			return nil, err
		}
		for i := range fitBatch {
			if at == len(order) {
				rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
				at = 0
			}
			fill(cur, batch, i, l.Inputs, &samples[order[at]], mean)
			at++
		}
		if _, err := graph.Gradient(weights, batch, grad); err != nil {
			return nil, err
		}
		if norm := train.ClipNorm(grad[:l.ActorSize()], normLimit); math.IsNaN(norm) {
			return nil, fmt.Errorf("gradient at step %d is not a number", step)
		}
		clear(grad[l.ActorSize():])
		adam.Update(weights, grad, l.ActorSize(), cosine(fitRate, fitLastRate, float64(step)/float64(steps)), 0)
	}
	return policy.NewNetwork(l, weights)
}

func fill(net *policy.Network, b *train.Batch, i, inputs int, x *sample, mean float64) {
	for j, f := range x.features {
		b.Features[i*inputs+j] = float64(f)
	}
	b.Mask[i] = env.Mask{}
	b.Mask[i][x.trigger], b.Mask[i][x.wait] = true, true
	weight := max(min(x.advantage/mean, heaviest), -heaviest) / fitBatch
	var p policy.Probabilities
	net.Act(b.Features[i*inputs:(i+1)*inputs], b.Mask[i], &p)
	b.Pick[i*env.NumActions+int(x.trigger)] = weight * p[x.trigger]
}

// cosine goes from first to last as x goes from 0 to 1.
func cosine(first, last, x float64) float64 {
	return last + (first-last)*(1+math.Cos(math.Pi*x))/2
}
