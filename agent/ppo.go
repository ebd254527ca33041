package agent

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"strconv"

	"rubato/env"
	"rubato/policy"
	"rubato/policy/train"
)

// PPOConfig are the settings of pre-training by proximal policy optimisation.
type PPOConfig struct {
	Seed uint64
	// Iterations is the number of rollouts, each followed by an update.
	Iterations int
	// Queries run at a time; each gives Decisions steps to a rollout.
	Queries, Decisions int
	// ActorRate and CriticRate are Adam's step sizes; Entropy the price of
	// entropy, scaled return units per second.
	ActorRate, CriticRate, Entropy float64
}

// DefaultPPOConfig improves a clone carefully.
func DefaultPPOConfig() PPOConfig {
	return PPOConfig{Iterations: 50, Queries: 8, Decisions: 256, ActorRate: 3e-4, CriticRate: 1e-3, Entropy: 0.001}
}

const (
	ppoEpochs = 10
	ppoBatch  = 64
	ppoClip   = 0.2
	// ppoKL ends an update's epochs.
	ppoKL = 0.02
)

// PPO trains on from a policy in the simulator and returns what it became. The
// same seed gives the same bits.
func PPO(cfg PPOConfig, from *policy.Artefact, simulate Simulation) (*policy.Artefact, error) {
	if cfg.Iterations < 0 || cfg.Queries < 1 || cfg.Decisions < 1 {
		return nil, fmt.Errorf("PPO with %d iterations of %d queries and %d decisions: impossible sizes",
			cfg.Iterations, cfg.Queries, cfg.Decisions)
	}
	layout := from.Network.Layout()
	graph, err := train.NewGraph(layout, ppoBatch)
	if err != nil {
		return nil, fmt.Errorf("PPO: %w", err)
	}
	defer func() { _ = graph.Close() }() // frees memory only
	r := &rollout{
		cfg: cfg, rng: rand.New(rand.NewPCG(cfg.Seed, 0x990)), simulate: simulate,
		envs: make([]env.Environment, cfg.Queries), trajectories: make([]trajectory, cfg.Queries),
		scale: scaleFrom(from.ReturnScale), unit: from.ReturnScale,
	}
	o := &optimiser{
		cfg: cfg, graph: graph, batch: train.NewBatch(layout, ppoBatch),
		adam: train.NewAdam(layout.Size()), grad: make([]float64, layout.Size()),
	}
	net := from.Network
	for i := range cfg.Iterations {
		r.collect(net)
		if net, err = o.improve(net, r); err != nil {
			return nil, fmt.Errorf("PPO iteration %d: %w", i, err)
		}
	}
	provenance := maps.Clone(from.Provenance)
	if provenance == nil {
		provenance = map[string]string{}
	}
	provenance["ppo"] = strconv.Itoa(cfg.Iterations) + " iterations, seed " + strconv.FormatUint(cfg.Seed, 10)
	return &policy.Artefact{Network: net, ReturnScale: r.unit, Ladder: from.Ladder, Provenance: provenance}, nil
}

// rollout gathers the experience of one iteration.
type rollout struct {
	cfg          PPOConfig
	rng          *rand.Rand
	simulate     Simulation
	envs         []env.Environment
	trajectories []trajectory
	chunks       []*chunk
	scale        returnScale
	unit         float64 // the return scale that the critic speaks in
}

func (r *rollout) take(c *chunk)    { r.chunks = append(r.chunks, c) }
func (r *rollout) seen(ret float64) { r.scale.add(ret) }
func (r *rollout) length() int      { return r.cfg.Decisions }

// collect plays each query for the rollout's decisions; one that ends is
// followed by another.
func (r *rollout) collect(net *policy.Network) {
	var (
		f env.Features
		p policy.Probabilities
	)
	r.chunks = r.chunks[:0]
	for i := range r.envs {
		tr := &r.trajectories[i]
		for n := 0; n < r.cfg.Decisions; n++ {
			if r.envs[i] == nil {
				r.envs[i] = r.simulate(r.rng)
			}
			t, ok := r.envs[i].Next()
			if !ok {
				tr.cut(r)
				r.envs[i] = nil
				continue
			}
			t.Mask = policy.Sensible(&t.Observation, t.Mask)
			t.Observation.Features(&f)
			tr.arrive(&t, f[:], r)
			net.Act(f[:], t.Mask, &p)
			a := p.Sample(r.rng.Float64())
			tr.depart(&t, f[:], a, math.Log(p[a]), !inert(&t.Observation, t.Mask))
			r.envs[i].Act(t.Query, int(t.Observation.Rung)+a.Delta())
		}
		// The state decided on last bootstraps here and begins the next rollout.
		pending := tr.pending
		tr.cut(r)
		tr.pending = pending
	}
}

// sample is a step with its advantage and its critic's target.
type sample struct {
	*transition
	advantage, target float64
}

// optimiser takes the clipped-surrogate steps (Schulman et al. 2017).
type optimiser struct {
	cfg   PPOConfig
	graph *train.Graph
	batch *train.Batch
	adam  *train.Adam
	grad  []float64
}

// improve makes up to ppoEpochs passes over the rollout, and stops after one
// that left the policy further than ppoKL from the one that acted.
func (o *optimiser) improve(net *policy.Network, r *rollout) (*policy.Network, error) {
	layout, scale := net.Layout(), r.scale.value()
	weights := append([]float64(nil), net.Weights()...)
	rescale(layout, weights, r.unit/scale)
	net, err := policy.NewNetwork(layout, weights)
	if err != nil {
		return nil, err
	}
	r.unit = scale
	samples := advantages(net, r.chunks, scale)
	for range ppoEpochs {
		r.rng.Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
		var kl, count float64
		for at := 0; at+ppoBatch <= len(samples); at += ppoBatch {
			kl += o.fill(net, samples[at:at+ppoBatch])
			count++
			if _, err := o.graph.Gradient(weights, o.batch, o.grad); err != nil {
				return nil, err
			}
			train.ClipNorm(o.grad[:layout.ActorSize()], normLimit)
			train.ClipNorm(o.grad[layout.ActorSize():], normLimit)
			o.adam.Update(weights, o.grad, layout.ActorSize(), o.cfg.ActorRate, o.cfg.CriticRate)
			if net, err = policy.NewNetwork(layout, weights); err != nil {
				return nil, err
			}
		}
		if kl > ppoKL*count {
			break
		}
	}
	return net, nil
}

// advantages computes GAE over the chunks.
func advantages(net *policy.Network, chunks []*chunk, scale float64) []sample {
	var samples []sample
	f := make([]float64, net.Layout().Inputs)
	for _, c := range chunks {
		n := len(c.steps)
		rewards, gammas, lambdas := make([]float64, n), make([]float64, n), make([]float64, n)
		values, adv, targets := make([]float64, n+1), make([]float64, n), make([]float64, n)
		for i := range c.steps {
			t := &c.steps[i]
			widen(f, t.features)
			values[i] = net.Value(f)
			rewards[i] = scaled(t.reward, scale)
			gammas[i], lambdas[i] = discount(t.tau), fade(t.tau, t.horizon)
		}
		widen(f, c.last)
		values[n] = net.Value(f)
		GAE(rewards, gammas, lambdas, values, adv, targets)
		for i := range c.steps {
			samples = append(samples, sample{&c.steps[i], adv[i], targets[i]})
		}
	}
	return samples
}

// fill puts a minibatch into the batch: advantages normalised, ratios and their
// clip taken at net. It returns the mean of (ratio - 1) - log ratio, an estimate
// of the divergence from the policy that acted.
func (o *optimiser) fill(net *policy.Network, samples []sample) (kl float64) {
	mean, deviation := moments(samples)
	inputs := net.Layout().Inputs
	share := 1 / float64(len(samples))
	var p policy.Probabilities
	o.batch.Clear()
	for i, s := range samples {
		setFeatures(o.batch, i, inputs, s.transition)
		o.batch.Target[i], o.batch.Fit[i] = s.target, share
		net.Act(o.batch.Features[i*inputs:(i+1)*inputs], s.mask, &p)
		logRatio := math.Log(max(p[s.action], 1e-300)) - s.logMu
		ratio := math.Exp(logRatio)
		kl += (ratio - 1 - logRatio) * share
		if !s.decisive {
			continue
		}
		o.batch.Entropy[i] = o.cfg.Entropy * s.tau * share
		a := (s.advantage - mean) / deviation
		if a > 0 && ratio > 1+ppoClip || a < 0 && ratio < 1-ppoClip {
			continue
		}
		o.batch.Pick[i*env.NumActions+int(s.action)] = ratio * a * share
	}
	return kl
}

func moments(samples []sample) (mean, deviation float64) {
	for _, s := range samples {
		mean += s.advantage / float64(len(samples))
	}
	for _, s := range samples {
		d := s.advantage - mean
		deviation += d * d / float64(len(samples))
	}
	return mean, math.Sqrt(deviation) + 1e-8
}
