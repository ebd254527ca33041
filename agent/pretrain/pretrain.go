package pretrain

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"rubato/env"
	"rubato/env/sim"
	"rubato/internal/parallel"
	"rubato/policy"
	"rubato/policy/rules"
)

// Config are the sizes of a pre-training.
type Config struct {
	// Seed draws the scenes, the comparisons and the order of the steps.
	Seed uint64
	// Rounds are improvements of the policy; each plays Scenes drivers of each
	// kind for Length of virtual time, and compares the actions at Samples
	// states of each.
	Rounds, Scenes, Samples int
	Length                  time.Duration
	// Judges is the number of held-out drivers of each kind that the policy is
	// judged on, for twice Length, every JudgeEvery rounds.
	Judges, JudgeEvery int
	// States is the number of states that the critic is fitted to.
	States int
	// Width is that of the network's hidden layers.
	Width int
}

// DefaultConfig is the full pre-training.
func DefaultConfig() Config {
	return Config{
		Seed: 1, Rounds: 4, Scenes: 200, Samples: 25, Length: 5 * time.Minute,
		Judges: 60, JudgeEvery: 2, States: 60_000, Width: 16,
	}
}

// Progress is told how far a pre-training is.
type Progress interface {
	// Scene is called after each scene of a round, of all there are.
	Scene(round, done, all int)
	// Round is called after each round.
	Round(r Round)
}

// Round is what one round came to.
type Round struct {
	Round   int
	Samples int
	// Verdicts are by kind, in the order of Kinds; none where the round was not
	// judged.
	Verdicts []Verdict
}

// Score is the mean over the kinds of their squashed logarithms: what a round
// is chosen by.
func (r Round) Score() float64 {
	sum := 0.0
	for _, v := range r.Verdicts {
		sum += v.Squashed / float64(len(r.Verdicts))
	}
	return sum
}

// Kinds are the kinds of driver that are trained on.
var Kinds = [...]sim.Kind{sim.Sighted, sim.Blind, sim.Target, sim.Shared, sim.OffModel}

// layout is the network's.
func (c Config) layout() policy.Layout { return policy.Layout{Inputs: env.NumFeatures, Width: c.Width} }

// gather plays the scenes of round r with net and returns what they teach.
func gather(ctx context.Context, cfg Config, r int, net *policy.Network, p Progress) ([]sample, error) {
	scenes := make([]Scene, 0, cfg.Scenes*len(Kinds))
	draw := rand.New(rand.NewPCG(cfg.Seed, 0x5eed0000+uint64(r)))
	for i := range cfg.Scenes {
		for _, k := range Kinds {
			scenes = append(scenes, Scene{Kind: k, Seed: draw.Uint64N(HeldOut), Typical: i%2 == 0})
		}
	}
	gathered := make([][]sample, len(scenes))
	var done atomic.Int64
	err := parallel.Do(ctx, 0, len(scenes), func(_ context.Context, i int) (err error) {
		gathered[i], err = newCollector(net, cfg.Length, cfg.Samples).collect(scenes[i])
		p.Scene(r, int(done.Add(1)), len(scenes))
		return err
	})
	if err != nil {
		return nil, err
	}
	samples := slices.Concat(gathered...)
	if len(samples) == 0 {
		return nil, errNoSamples
	}
	return samples, nil
}

var errNoSamples = errors.New("no scene had a choice to learn from")

// judge compares a policy's argmax with the rule on the held-out drivers, by
// kind.
func judge(ctx context.Context, cfg Config, net *policy.Network) ([]Verdict, error) {
	ratios := make([]float64, cfg.Judges*len(Kinds))
	err := parallel.Do(ctx, 0, len(ratios), func(_ context.Context, i int) error {
		net := net.Clone()
		sc := Scene{Kind: Kinds[i%len(Kinds)], Seed: HeldOut + uint64(i), Typical: i/len(Kinds)%2 == 0}
		ours, err := sc.Play(2*cfg.Length, func(t *env.Tick) int { return argmax(net, t) })
		if err != nil {
			return err
		}
		rule, err := sc.Play(2*cfg.Length, byRule(rules.DefaultThreshold))
		ratios[i] = ours / rule
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("judging: %w", err)
	}
	verdicts := make([]Verdict, len(Kinds))
	for k := range Kinds {
		var of []float64
		for i := k; i < len(ratios); i += len(Kinds) {
			of = append(of, ratios[i])
		}
		verdicts[k] = verdict(of)
	}
	return verdicts, nil
}
