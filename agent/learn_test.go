package agent

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"rubato/env"
	"rubato/env/forecast"
	"rubato/env/sim"
	"rubato/policy"
	"rubato/policy/rules"
	"rubato/replay"
)

var rule = rules.WaitingCost{Threshold: rules.DefaultThreshold}

// prior is made once for all tests.
var prior = sync.OnceValues(func() (*policy.Artefact, error) { return Prior(1) })

// bursty is one query with a price of a batch of 1, for so many seconds.
func bursty(t testing.TB, seed uint64, seconds float64) *sim.Sim {
	t.Helper()
	ladder, err := env.NewLadder(100*time.Millisecond, 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sim.New(sim.Config{
		Query: "sim/bursty", Run: "1", Seed: seed, Duration: time.Duration(seconds * 1e9), Past: time.Hour,
		Settings:   env.Settings{Weights: env.Weights{Latency: 1, Batch: 1, Empty: 1}, Ladder: ladder},
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
	Score() sim.Score
}

// costRate lets a group's policy drive e to its end.
func costRate(t testing.TB, g GroupConfig, e rated) float64 {
	t.Helper()
	l := configured(t, one, g)
	var w env.Weights
	l.Run(e, func(s *replay.Step) { w = s.Observation.Weights })
	return e.Score().CostRate(w)
}

func served(a *policy.Artefact) GroupConfig {
	return GroupConfig{Name: "g", Mode: Serve, PolicyName: Learned, Artefact: a}
}

var byRule = GroupConfig{Name: "g", Mode: Serve, PolicyName: "waiting-cost"}

func TestTheCloneIsAsGoodAsItsTeacherOnQueriesItNeverSaw(t *testing.T) {
	a, err := prior()
	if err != nil {
		t.Fatal(err)
	}
	var ratios []float64
	var sum float64
	for seed := range uint64(24) {
		query := func() rated {
			return RandomQuery(rand.New(rand.NewPCG(5000+seed, 5))).(rated)
		}
		if c := costRate(t, byRule, query()); c > 0 {
			ratios = append(ratios, costRate(t, served(a), query())/c)
			sum += math.Log(ratios[len(ratios)-1])
		}
	}
	slices.Sort(ratios)
	mean, median := math.Exp(sum/float64(len(ratios))), ratios[len(ratios)/2]
	t.Logf("cost of the clone's argmax / the rule's: mean %.4f, median %.4f, worst %.4f of %d",
		mean, median, ratios[len(ratios)-1], len(ratios))
	if len(ratios) < 20 || mean > 1.03 || median > 1.01 {
		t.Errorf("mean %.4f and median %.4f of %d", mean, median, len(ratios))
	}
}

// liveThenFrozen learns live for so many seconds from a, and returns the
// frozen result's cost rate on arrivals that it did not see.
func liveThenFrozen(t *testing.T, a *policy.Artefact, seed uint64, seconds float64) float64 {
	t.Helper()
	l := configured(t, one, GroupConfig{Name: "g", Mode: Learn, PolicyName: Learned, Artefact: a, Seed: seed})
	overrides, steps := 0, 0
	l.Run(bursty(t, seed, seconds), func(s *replay.Step) {
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
	if frozen.Network.ID() == a.Network.ID() {
		t.Error("nothing was learnt")
	}
	return costRate(t, served(frozen), bursty(t, 77, 2000))
}

func TestLiveLearningDoesNotWreckAGoodPolicy(t *testing.T) {
	a, err := prior()
	if err != nil {
		t.Fatal(err)
	}
	byRule := costRate(t, byRule, bursty(t, 77, 2000))
	got := liveThenFrozen(t, a, 1, 1200)
	t.Logf("cost rate %.4f after 20 minutes, the rule's %.4f", got, byRule)
	if got > 1.08*byRule {
		t.Errorf("cost rate %.4f after 20 minutes, the rule's is %.4f", got, byRule)
	}
}

func TestLiveLearningMendsARuleWhosePriceIsOff(t *testing.T) {
	a, err := clone(1, rules.WaitingCost{Threshold: rules.DefaultThreshold / 6}, RandomQuery, 20000, 800)
	if err != nil {
		t.Fatal(err)
	}
	before := costRate(t, served(a), bursty(t, 77, 2000))
	after := liveThenFrozen(t, a, 1, 3000)
	t.Logf("cost rate %.4f before, %.4f after 50 minutes", before, after)
	if after > 0.95*before {
		t.Errorf("cost rate %.4f before, %.4f after 50 minutes", before, after)
	}
}

func TestACloneIsTheSameFromTheSameSeed(t *testing.T) {
	ids := map[string]bool{}
	for _, seed := range []uint64{3, 3, 4} {
		a, err := clone(seed, rule, RandomQuery, 2000, 50)
		if err != nil {
			t.Fatal(err)
		}
		b, err := a.Encode()
		if err != nil {
			t.Fatal(err)
		}
		ids[string(b)] = true
	}
	if len(ids) != 2 {
		t.Errorf("%d artefacts from two seeds, one of them twice", len(ids))
	}
}

func TestPPOIsTheSameFromTheSameSeed(t *testing.T) {
	cfg := DefaultPPOConfig()
	cfg.Iterations, cfg.Queries, cfg.Decisions = 2, 4, 64
	ids := map[string]bool{}
	for _, seed := range []uint64{3, 3, 4} {
		cfg.Seed = seed
		a, err := PPO(cfg, fresh(t, 1), RandomQuery)
		if err != nil {
			t.Fatal(err)
		}
		b, err := a.Encode()
		if err != nil {
			t.Fatal(err)
		}
		ids[string(b)] = true
	}
	if len(ids) != 2 {
		t.Errorf("%d artefacts from two seeds, one of them twice", len(ids))
	}
}

func TestPPOLearnsFromNothing(t *testing.T) {
	simulate := func(rng *rand.Rand) env.Environment { return bursty(t, rng.Uint64(), 600) }
	cfg := DefaultPPOConfig()
	cfg.Iterations, cfg.ActorRate, cfg.CriticRate = 5, 1e-3, 2e-3
	from := fresh(t, 1)
	a, err := PPO(cfg, from, simulate)
	if err != nil {
		t.Fatal(err)
	}
	before, after := costRate(t, served(from), bursty(t, 77, 1000)), costRate(t, served(a), bursty(t, 77, 1000))
	t.Logf("cost rate %.3f before, %.3f after", before, after)
	if after > 0.8*before {
		t.Errorf("cost rate %.3f before, %.3f after", before, after)
	}
}

func TestPPORefusesImpossibleSizes(t *testing.T) {
	if _, err := PPO(PPOConfig{Iterations: 1}, fresh(t, 1), RandomQuery); err == nil {
		t.Error("no queries were accepted")
	}
}

// empty is an environment in which nothing happens.
type empty struct{}

func (empty) Next() (env.Tick, bool) { return env.Tick{}, false }
func (empty) Act(env.QueryKey, int)  {}

func TestACloneGivesUpWhereNothingHappens(t *testing.T) {
	if _, err := clone(1, rule, func(*rand.Rand) env.Environment { return empty{} }, 10, 10); err == nil {
		t.Error("a clone of nothing")
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
