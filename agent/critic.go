package agent

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"rubato/env"
	"rubato/policy"
	"rubato/policy/train"
)

// Simulation draws a random driver and the streams that its queries meet: an
// environment that ends.
type Simulation func(rng *rand.Rand) env.Environment

const (
	criticBatch    = 64
	criticSteps    = 4000
	criticQueryCap = 150 // steps of one environment
	criticRate     = 3e-3
	criticLastRate = 1e-4
	// criticWaste is how many ticks a state may take before giving up.
	criticWaste = 50
)

// lesson is a state and what came of it.
type lesson struct {
	features []float32
	ret      float64 // discounted return, natural units
}

// FitCritic fits the critic of a network to the discounted returns of its own
// sampled policy, from so many states, and returns the artefact that live
// learning starts from: the actor as it was. The same seed gives the same bits.
func FitCritic(seed uint64, net *policy.Network, simulate Simulation, states int) (*policy.Artefact, error) {
	rng := rand.New(rand.NewPCG(seed, 0xc10e))
	net = net.Clone()
	var lessons []lesson
	for ticks := 0; len(lessons) < states; {
		got, n := watch(rng, net, simulate(rng))
		lessons = append(lessons, got...)
		if ticks += n + 1; ticks > criticWaste*states {
			return nil, fmt.Errorf("fit the critic: only %d states in %d ticks of the simulator", len(lessons), ticks)
		}
	}
	scale := typicalReturn(lessons)
	weights := append([]float64(nil), net.Weights()...)
	if err := regress(rng, net.Layout(), weights, lessons, scale); err != nil {
		return nil, fmt.Errorf("fit the critic: %w", err)
	}
	fitted, err := policy.NewNetwork(net.Layout(), weights)
	if err != nil {
		return nil, fmt.Errorf("fit the critic: %w", err)
	}
	return &policy.Artefact{Network: fitted, ReturnScale: scale}, nil
}

// watch lets the network drive an environment, and returns the states of its
// first query with their discounted returns, and the number of ticks.
func watch(rng *rand.Rand, net *policy.Network, e env.Environment) (lessons []lesson, ticks int) {
	var (
		f             env.Features
		p             policy.Probabilities
		first         env.QueryKey
		rewards, taus []float64
		scale         = 1.0
	)
	for ; len(lessons) < criticQueryCap; ticks++ {
		t, ok := e.Next()
		if !ok {
			break
		}
		t.Mask = policy.Sensible(&t.Observation, t.Mask)
		net.Probabilities(&t.Observation, t.Mask, &p)
		e.Act(t.Query, int(t.Observation.Rung)+p.Sample(rng.Float64()).Delta())
		if first == "" {
			first = t.Query
		}
		if t.Query != first {
			continue
		}
		if len(lessons) > 0 {
			rewards = append(rewards, -t.Observation.Weights.Cost(t.Discounted)/scale)
			taus = append(taus, t.Elapsed)
		}
		if t.Teaches || len(lessons) > 0 {
			t.Observation.Features(&f)
			lessons = append(lessons, lesson{features: train.Narrow(f[:])})
			scale = natural(&t.Observation)
		}
	}
	lessons = lessons[:len(rewards)]
	setReturns(lessons, rewards, taus)
	return lessons, ticks
}

// setReturns discounts backwards from the value of going on at the mean rate.
func setReturns(lessons []lesson, rewards, taus []float64) {
	var reward, time float64
	for i := range rewards {
		reward += rewards[i]
		time += taus[i]
	}
	ret := 0.0
	if time > 0 {
		ret = reward / time / env.DiscountRate
	}
	for i := len(rewards) - 1; i >= 0; i-- {
		ret = rewards[i] + discount(taus[i])*ret
		lessons[i].ret = ret
	}
}

// typicalReturn is the median size of a return: overloaded queries, a thousand
// times as dear, must not set the scale.
func typicalReturn(lessons []lesson) float64 {
	sizes := make([]float64, len(lessons))
	for i := range lessons {
		sizes[i] = math.Abs(lessons[i].ret)
	}
	slices.Sort(sizes)
	return max(sizes[len(sizes)/2], 1e-6)
}

// regress steps the critic's weights towards the scaled returns by least
// squares.
func regress(rng *rand.Rand, layout policy.Layout, weights []float64, lessons []lesson, scale float64) error {
	graph, err := train.NewGraph(layout, criticBatch)
	if err != nil {
		return err
	}
	defer func() { _ = graph.Close() }() // frees memory only
	batch, grad, adam := train.NewBatch(layout, criticBatch), make([]float64, layout.Size()), train.NewAdam(layout.Size())
	for step := range criticSteps {
		for i := range criticBatch {
			x := &lessons[rng.IntN(len(lessons))]
			train.Widen(batch.Features[i*layout.Inputs:(i+1)*layout.Inputs], x.features)
			batch.Target[i], batch.Fit[i] = scaled(x.ret, scale), 1.0/criticBatch
		}
		if _, err := graph.Gradient(weights, batch, grad); err != nil {
			return err
		}
		clear(grad[:layout.ActorSize()])
		train.ClipNorm(grad[layout.ActorSize():], normLimit)
		rate := criticLastRate + (criticRate-criticLastRate)*(1+math.Cos(math.Pi*float64(step)/criticSteps))/2
		adam.Update(weights, grad, layout.ActorSize(), 0, rate)
	}
	return nil
}
