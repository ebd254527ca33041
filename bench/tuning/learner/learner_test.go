package learner

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"rubato/agent/pretrain"
	"rubato/env"
	"rubato/env/sim"
)

func TestGradientsAgreeWithFiniteDifferences(t *testing.T) {
	for _, s := range []shape{
		{Inputs: 5, Out: 1},
		{Inputs: 5, Depth: 1, Width: 4, Out: 3},
		{Inputs: 5, Depth: 3, Width: 4, Out: 1},
		{Inputs: blockSize, Depth: 2, Width: 4, Out: 1, Steps: 3, Units: 4},
	} {
		rng := rand.New(rand.NewPCG(1, 2))
		n := newNet(s, rng, 1)
		g, err := newGraph(s)
		if err != nil {
			t.Fatal(err)
		}
		const rows = 3
		var xs, pulls [rows][]float64
		draw := func(k int) []float64 {
			out := make([]float64, k)
			for i := range out {
				out[i] = rng.NormFloat64()
			}
			return out
		}
		grad := make([]float64, s.weights())
		for range 2 { // a second gradient is not the sum of both
			for i := range rows {
				xs[i], pulls[i] = draw(s.size()), draw(s.Out)
				g.set(i, xs[i], pulls[i])
			}
			if err := g.gradient(n.all, grad); err != nil {
				t.Fatal(err)
			}
		}
		loss := func() (sum float64) {
			for i := range rows {
				for k, out := range n.forward(xs[i]) {
					sum += pulls[i][k] * out
				}
			}
			return sum
		}
		for i := range n.all {
			const h = 1e-5
			was := n.all[i]
			n.all[i] = was + h
			up := loss()
			n.all[i] = was - h
			down := loss()
			n.all[i] = was
			if want := (up - down) / (2 * h); math.Abs(grad[i]-want) > 1e-6*(1+math.Abs(want)) {
				t.Fatalf("%+v, weight %d: gradient %v, by differences %v", s, i, grad[i], want)
			}
		}
		_ = g.vm.Close()
	}
}

func tiny() Config {
	return Config{Seed: 1, Seeds: 1, Scenes: 6, Samples: 6, Length: time.Minute, Epochs: 1, Held: 1, Plays: 1}
}

func TestTheSameSeedGivesTheSameFigures(t *testing.T) {
	all := Variants()
	run := func() []byte {
		out, err := Run(context.Background(), tiny(), []Variant{all[0], all[len(all)-1]}, func(string, ...any) {})
		if err != nil {
			t.Fatal(err)
		}
		if out.Table() == "" {
			t.Error("no table")
		}
		return out.CSV()
	}
	if one, again := run(), run(); !bytes.Equal(one, again) {
		t.Errorf("first\n%s then\n%s", one, again)
	}
}

func TestEveryVariantDiffersFromTheShippedOneInOnePart(t *testing.T) {
	all := Variants()
	if len(all) < 15 {
		t.Errorf("%d variants", len(all))
	}
	for _, v := range all[1:] {
		was := Shipped()
		switch v.Part {
		case "size":
			was.Depth, was.Width = v.Depth, v.Width
		case "history":
			was.Ticks, was.Ends, was.Units = v.Ticks, v.Ends, v.Units
		case "critic":
			was.Critic = v.Critic
		}
		was.Part, was.Name = v.Part, v.Name
		if v != was || v == Shipped() {
			t.Errorf("%+v", v)
		}
	}
}

func TestANetworkThatSaysNothingPlaysAsTheLine(t *testing.T) {
	s, err := newStage(tiny())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range Variants() {
		ratios, err := s.play(netOf(v.shape(), make([]float64, v.shape().weights())), v.view())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range ratios {
			if r != 1 {
				t.Fatalf("%s costs %v of the line", v.Name, r)
			}
		}
	}
}

func TestHistoryIsTheLatestFirst(t *testing.T) {
	m, x := newMemory(view{Ticks: 2, Ends: 2}), make([]float64, view{Ticks: 2, Ends: 2}.size())
	c := pretrain.Scene{Kind: sim.Sighted, Seed: 7, Typical: true}
	seen := 0
	_, err := c.Play(2*time.Minute, func(tick *env.Tick) int {
		m.see(tick)
		x = m.input(tick.Query, x)
		ages := make([]float64, 5)
		for i := range ages {
			ages[i] = x[(i+1)*blockSize-1]
		}
		if seen++; seen > 100 && !(ages[0] == 0 && 0 < ages[1] && ages[1] < ages[2] && 0 <= ages[3] && ages[3] < ages[4]) {
			t.Fatalf("ages %v", ages)
		}
		return int(tick.Observation.Rung)
	})
	if err != nil || seen < 100 {
		t.Errorf("%d ticks, %v", seen, err)
	}
}

func TestACriticTellsWhatItIsShownAndNoMore(t *testing.T) {
	samples := make([]sample, 4000)
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range samples {
		x := make([]float32, widest.size())
		x[0] = float32(rng.NormFloat64())
		secret := make([]float32, secrets)
		secret[0] = float32(rng.NormFloat64())
		samples[i] = sample{
			scene: i / 20, input: x, secret: secret, advantage: rng.NormFloat64(), coin: float64(1 - 2*rng.IntN(2)),
			counts: 1, ret: float64(x[0]+secret[0]) + 0.1*rng.NormFloat64(),
		}
	}
	for c, want := range map[Critic]float64{Average: 0, Value: 0.5, Quantile: 0.5, Asymmetric: 1} {
		j, err := c.judge(1, samples, shape{Depth: 1, Width: 8}, 8)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(j.explained-want) > 0.1 || math.Abs(j.likeness) > 0.1 {
			t.Errorf("critic %d explains %v of what it can explain %v of; likeness to noise %v", c, j.explained, want, j.likeness)
		}
	}
}

func TestImpossibleSizesAreRefused(t *testing.T) {
	for _, change := range []func(*Config){
		func(c *Config) { c.Seeds = 0 }, func(c *Config) { c.Scenes = 5 }, func(c *Config) { c.Length = time.Second },
	} {
		c := DefaultConfig()
		change(&c)
		if err := c.Check(); !errors.Is(err, ErrConfig) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if err := DefaultConfig().Check(); err != nil {
		t.Error(err)
	}
}
