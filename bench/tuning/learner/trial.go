package learner

import (
	"context"
	"fmt"
	"math"
	"time"

	"rubato/agent/pretrain"
	"rubato/env"
	"rubato/policy"
)

// Config are the sizes of an ablation.
type Config struct {
	// Seeds is the number of trainings of each variant, on other drivers and
	// from other weights; Seed is the first.
	Seed  uint64
	Seeds int
	// Scenes of each kind are trained on for Length of virtual time, with
	// Samples states of each.
	Scenes, Samples int
	Length          time.Duration
	Epochs          int
	// Held is the number of held-out scenes of each kind whose samples judge,
	// twice as many of each; Plays that of others, that they are played on for twice
	// Length.
	Held, Plays int
}

// DefaultConfig is the full ablation.
func DefaultConfig() Config {
	return Config{Seed: 1, Seeds: 3, Scenes: 200, Samples: 25, Length: 5 * time.Minute, Epochs: 10, Held: 160, Plays: 60}
}

// Trial is one training of a variant, judged.
type Trial struct {
	Variant *Variant
	Seed    uint64
	Weights int
	// Epoch is the one chosen of a variant's; 0 is the line, unchanged.
	Epoch int
	// Explained is the share of the variance of returns that the critic tells,
	// Likeness the correlation of its advantages with the paired ones.
	Explained, Likeness float64
	// Saved is by how much of a driver's cost deciding so, instead of as the
	// line does, is cheaper on the held-out samples, by kind and in all; Raw the
	// same where no sample's say is bounded.
	Saved    [len(pretrain.Kinds)]float64
	All, Raw float64
	// Ratios are the cost of playing it over that of the line, by scene.
	Ratios []float64

	byScene []float64 // what is saved
}

// Outcome is all of an ablation.
type Outcome struct {
	Config  Config
	Trials  []Trial
	Samples int // of all seeds
	// Held is the number of held-out samples. Bound is what would be saved, by
	// the same count, by whoever knew each sample's own outcome.
	Held  int
	Bound float64
}

// Progress is told what was done.
type Progress func(format string, args ...any)

// Run trains and judges the variants. When it is stopped, it returns what there
// is so far.
func Run(ctx context.Context, cfg Config, variants []Variant, say Progress) (*Outcome, error) {
	held := scenes(0, cfg.Held, pretrain.HeldOut+1<<32, 1<<32)
	samples, err := gather(held, cfg.Length, 2*cfg.Samples)
	if err != nil {
		return nil, fmt.Errorf("held-out samples: %w", err)
	}
	say("%d held-out samples", len(samples))
	out := &Outcome{Config: cfg, Held: len(samples)}
	j := newJury(samples, held)
	out.Bound = j.bound()
	stage, err := newStage(cfg)
	if err != nil {
		return nil, err
	}
	say("played the line")
	for k := range cfg.Seeds {
		seed := cfg.Seed + uint64(k)
		samples, err := gather(scenes(seed, cfg.Scenes, 0, pretrain.HeldOut), cfg.Length, cfg.Samples)
		if err != nil {
			return nil, fmt.Errorf("samples of seed %d: %w", seed, err)
		}
		out.Samples += len(samples)
		say("seed %d: %d samples", seed, len(samples))
		for i := range variants {
			if err := ctx.Err(); err != nil {
				return out, err
			}
			v := &variants[i]
			t := Trial{Variant: v, Seed: seed}
			n, err := t.train(cfg, samples)
			if err == nil {
				t.Ratios, err = stage.play(n, v.view())
			}
			if err != nil {
				return nil, fmt.Errorf("%s, seed %d: %w", v.Name, seed, err)
			}
			j.judge(&t, n)
			say("seed %d, %s: epoch %d, saves %.3f %%", seed, v.Name, t.Epoch, 100*t.All)
			out.Trials = append(out.Trials, t)
		}
	}
	return out, nil
}

// train fits the variant to the samples.
func (t *Trial) train(cfg Config, samples []sample) (*net, error) {
	v := t.Variant
	shipped := Shipped()
	said, err := v.Critic.judge(t.Seed, samples, shipped.shape(), cfg.Epochs)
	if err != nil {
		return nil, fmt.Errorf("critic: %w", err)
	}
	t.Explained, t.Likeness = said.explained, said.likeness
	t.Weights = v.shape().weights()
	n, epoch, err := actor(samples, said.advantages, v.shape(), v.view()).learn(t.Seed, cfg.Epochs)
	t.Epoch = epoch
	return n, err
}

// jury judges by held-out samples.
type jury struct {
	samples []sample
	scenes  []pretrain.Scene
	bounded []float64
}

func newJury(samples []sample, held []pretrain.Scene) *jury {
	return &jury{samples, held, bounded(each(samples, func(s *sample) float64 { return s.advantage }))}
}

// judge counts what n saves: the advantage wherever it decides otherwise than
// the line. To the first order, that is by how much the driver costs less.
func (j *jury) judge(t *Trial, n *net) {
	v := t.Variant.view()
	x := make([]float64, v.size())
	t.byScene = make([]float64, len(j.scenes))
	for i := range j.samples {
		s := &j.samples[i]
		ours, line := s.margin+n.forward(v.of(x, s.input))[0] > 0, s.margin > 0
		if ours == line {
			continue
		}
		sign := 1.0
		if line {
			sign = -1
		}
		t.byScene[s.scene] += sign * j.bounded[i]
		t.Raw += sign * s.advantage / float64(len(j.scenes))
	}
	for i, saved := range t.byScene {
		t.All += saved / float64(len(j.scenes))
		t.Saved[i%len(pretrain.Kinds)] += saved / float64(len(j.scenes)/len(pretrain.Kinds))
	}
}

// bound is what each sample's own best action saves: mostly luck, which no
// policy can know.
func (j *jury) bound() float64 {
	sum := 0.0
	for i := range j.samples {
		if a := j.bounded[i]; (a > 0) != (j.samples[i].margin > 0) {
			sum += math.Abs(a)
		}
	}
	return sum / float64(len(j.scenes))
}

// stage is held-out scenes to play on, others than the jury's.
type stage struct {
	scenes []pretrain.Scene
	length time.Duration
	line   []float64 // what it costs
}

// slight is added to costs, so that one of nearly nothing can be divided by.
const slight = 1e-9

func newStage(cfg Config) (*stage, error) {
	s := &stage{scenes: scenes(0, cfg.Plays, pretrain.HeldOut+2<<32, 1<<32), length: 2 * cfg.Length}
	lines := policy.PriorLines()
	var scratch env.Features
	for _, c := range s.scenes {
		cost, err := c.Play(s.length, func(t *env.Tick) int {
			return int(t.Observation.Rung) + lines.Choose(&t.Observation, t.Mask, &scratch).Delta()
		})
		if err != nil {
			return nil, fmt.Errorf("playing the line: %w", err)
		}
		s.line = append(s.line, cost+slight)
	}
	return s, nil
}

// play is the cost of what the line and n come to, over the line's.
func (s *stage) play(n *net, v view) ([]float64, error) {
	ratios := make([]float64, len(s.scenes))
	for i, c := range s.scenes {
		cost, err := c.Play(s.length, newDecider(n, v).act)
		if err != nil {
			return nil, fmt.Errorf("playing: %w", err)
		}
		ratios[i] = (cost + slight) / s.line[i]
	}
	return ratios, nil
}
