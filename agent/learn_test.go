package agent

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"rubato/env"
	"rubato/env/forecast"
	"rubato/env/sim"
	"rubato/policy"
	"rubato/replay"
)

// off is a policy near the waiting-cost rule, but with a threshold that is
// factor times as high.
func off(t testing.TB, factor float64) *policy.Artefact {
	t.Helper()
	a := fresh(t, 1)
	l := a.Network.Layout()
	weights := append([]float64(nil), a.Network.Weights()...)
	weights[l.ActorSize()-env.NumActions+int(env.Shorten)] -= math.Log(factor)
	n, err := policy.NewNetwork(l, weights)
	if err != nil {
		t.Fatal(err)
	}
	a.Network = n
	return a
}

// burstySettings are a price of a batch of 1.
func burstySettings(t testing.TB) env.Settings {
	t.Helper()
	ladder, err := env.NewLadder(100*time.Millisecond, 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return env.Settings{Weights: env.Weights{Latency: 1, Batch: 1, Empty: 1}, Ladder: ladder, Period: env.DefaultPeriod}
}

// bursty is one query with such settings, for so many seconds.
func bursty(t testing.TB, seed uint64, seconds float64) *sim.Sim {
	t.Helper()
	s, err := sim.New(sim.Config{
		Query: "sim/bursty", Run: "1", Seed: seed, Duration: time.Duration(seconds * 1e9), Past: time.Hour,
		Settings:   burstySettings(t),
		Configured: 2 * time.Second, Overhead: 200 * time.Millisecond, PerRow: 3e-4, Noise: 0.1,
		Load:       func() sim.Load { return sim.NewBursty(100, 0.02) },
		Forecaster: func() env.Forecaster { return forecast.NewHolt() },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// rated is an environment that knows its own cost.
type rated interface {
	env.Environment
	Score(i int) sim.Score
}

// costRate lets a group's policy drive e to its end.
func costRate(t testing.TB, g GroupConfig, e rated) float64 {
	t.Helper()
	l := configured(t, one, g)
	var w env.Weights
	l.Run(e, func(s *replay.Step) { w = s.Observation.Weights })
	return e.Score(0).CostRate(w)
}

func served(a *policy.Artefact) GroupConfig {
	return GroupConfig{Name: "g", Mode: Serve, PolicyName: Learned, Artefact: a}
}

var byRule = GroupConfig{Name: "g", Mode: Serve, PolicyName: "waiting-cost"}

// learnerFrom is a group that learns from a.
func learnerFrom(a *policy.Artefact, seed uint64) GroupConfig {
	return GroupConfig{Name: "g", Mode: Learn, PolicyName: Learned, Artefact: a, Seed: seed}
}

// liveThenFrozen learns live for so many seconds as g says, by its gradient
// alone or with its threshold searched for too, and returns the frozen result's
// cost rate on arrivals that it did not see.
func liveThenFrozen(t *testing.T, g GroupConfig, searched bool, seconds float64) float64 {
	t.Helper()
	l := configured(t, one, g)
	if set := burstySettings(t); searched {
		l.Settings = func(env.QueryKey) (env.Settings, bool) { return set, true }
	}
	overrides, steps := 0, 0
	l.Run(bursty(t, g.Seed, seconds), func(s *replay.Step) {
		if steps++; s.Verdict != 0 {
			overrides++
		}
	})
	if float64(overrides) > 0.05*float64(steps) {
		t.Errorf("%d of %d steps were overridden", overrides, steps)
	}
	frozen, err := l.Freeze("g")
	if err != nil {
		t.Fatal(err)
	}
	if frozen.Network.ID() == g.Artefact.Network.ID() {
		t.Error("nothing was learnt")
	}
	return costRate(t, served(frozen), bursty(t, 77, 2000))
}

func TestLiveLearningDoesNotWreckAGoodPolicy(t *testing.T) {
	a := fresh(t, 1)
	byRule := costRate(t, byRule, bursty(t, 77, 2000))
	got := liveThenFrozen(t, learnerFrom(a, 1), true, 1200)
	t.Logf("cost rate %.4f after 20 minutes, the rule's %.4f", got, byRule)
	if got > 1.08*byRule {
		t.Errorf("cost rate %.4f after 20 minutes, the rule's is %.4f", got, byRule)
	}
}

func TestLiveLearningMendsARuleWhosePriceIsOff(t *testing.T) {
	a := off(t, 1.0/17) // with what waiting costs at the margin, about a sixth of the price
	before := costRate(t, served(a), bursty(t, 77, 2000))
	after := liveThenFrozen(t, learnerFrom(a, 1), true, 1200)
	t.Logf("cost rate %.4f before, %.4f after 20 minutes", before, after)
	if after > 0.9*before {
		t.Errorf("cost rate %.4f before, %.4f after 20 minutes", before, after)
	}
}

// Without the shield it costs 11.7 times what the rule does, with it 1.33 times.
func TestAPolicyThatWouldWaitForEverIsHeldToAWaitInProportion(t *testing.T) {
	rule := costRate(t, byRule, bursty(t, 77, 2000))
	got := costRate(t, served(off(t, 1e6)), bursty(t, 77, 2000))
	t.Logf("cost rate %.4f, the rule's %.4f", got, rule)
	if got > 1.5*rule {
		t.Errorf("cost rate %.4f, the rule's is %.4f", got, rule)
	}
}

func TestTheGradientAloneMendsARuleWhosePriceIsOffIfItsStepsAreLarge(t *testing.T) {
	a := off(t, 1.0/17)
	before := costRate(t, served(a), bursty(t, 77, 2000))
	after := 0.0
	for seed := range uint64(3) {
		g := learnerFrom(a, 1+seed)
		g.ActorRate = 3e-4
		after += liveThenFrozen(t, g, false, 3000) / 3
	}
	t.Logf("cost rate %.4f before, %.4f after 50 minutes on the mean of three seeds", before, after)
	if after > 0.95*before {
		t.Errorf("cost rate %.4f before, %.4f after 50 minutes", before, after)
	}
}

func TestFreezeWantsALearner(t *testing.T) {
	l := configured(t, one, byRule)
	if _, err := l.Freeze("g"); !errors.Is(err, ErrNotLearnt) {
		t.Errorf("got %v", err)
	}
}

func TestWhatTheLoopFrozeServesAsItDid(t *testing.T) {
	l := configured(t, one, learning(t))
	play(l, stream(1, 800))
	a, err := l.Freeze("all")
	if err != nil {
		t.Fatal(err)
	}
	b, err := a.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := policy.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	g := learning(t)
	g.Mode = Serve
	g.Artefact = nil
	if err := l.Configure([]GroupConfig{g}, one); err != nil {
		t.Fatal(err)
	}
	g.Artefact = back
	if !slices.EqualFunc(play(l, stream(2, 300)), play(configured(t, one, g), stream(2, 300)),
		func(a, b replay.Step) bool {
			return a.Probabilities == b.Probabilities && a.Action == b.Action && a.Policy == b.Policy
		}) {
		t.Error("the file acts otherwise")
	}
}
