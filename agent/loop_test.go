package agent

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"go.uber.org/goleak"

	"rubato/env"
	"rubato/policy"
	"rubato/replay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorded plays ticks that were taken down, whatever is commanded.
type recorded struct {
	ticks []env.Tick
	acts  map[env.QueryKey][]int
}

func (r *recorded) Next() (env.Tick, bool) {
	if len(r.ticks) == 0 {
		return env.Tick{}, false
	}
	t := r.ticks[0]
	r.ticks = r.ticks[1:]
	return t, true
}

func (r *recorded) Act(q env.QueryKey, rung int) {
	if r.acts == nil {
		r.acts = map[env.QueryKey][]int{}
	}
	r.acts[q] = append(r.acts[q], rung)
}

// stream makes up n ticks of two queries: plausible numbers, cuts, a restart,
// and now and then a step that must not be learnt from.
func stream(seed uint64, n int) []env.Tick {
	rng := rand.New(rand.NewPCG(seed, 0xfeed))
	ticks := make([]env.Tick, n)
	at := map[env.QueryKey]env.Time{}
	for i := range ticks {
		q := env.QueryKey([]string{"app/a", "app/b"}[rng.IntN(2)])
		tau := 0.2 + rng.Float64()
		at[q] = at[q].Add(tau)
		rung := rng.IntN(8)
		interval := 0.1 * math.Exp2(float64(rung))
		cost := env.Components{Latency: rng.Float64() * tau, Batch: float64(rng.IntN(2))}
		t := env.Tick{
			Query: q, Run: "run", At: at[q], Cause: uint64(rng.IntN(2) * i), Elapsed: tau,
			Cost: cost, Discounted: cost.Scale(0.99), Teaches: rng.IntN(20) > 0, First: at[q] == env.Time(0).Add(tau),
			Mask: env.Mask{rung > 0, true, rung < 7},
			Observation: env.Observation{
				SinceTrigger: interval * (0.5 + 0.4*rng.Float64()), Interval: interval, Rung: float64(rung), Rungs: 8, Period: 0.005,
				Shorter: 0.1 * math.Exp2(float64(max(rung-1, 0))), Longer: 0.1 * math.Exp2(float64(min(rung+1, 7))),
				Outstanding: 100 * rng.Float64(), Waited: 50 * rng.Float64(), Sighted: 1,
				R05: 90, R2: 100, R15: 110, R300: 100, Reference: 100, Overhead: 0.2, PerRow: 1e-4,
				Forecast: [3]float64{100, 100, 100}, BatchLast: 0.25, BatchSmoothed: 0.25,
				Weights: env.Weights{Latency: 1, Batch: 0.3, Empty: 0.3},
			},
		}
		if rng.IntN(200) == 0 {
			t.First, t.Teaches, t.Elapsed, t.Cost, t.Discounted = true, false, 0, env.Components{}, env.Components{}
		}
		ticks[i] = t
	}
	return ticks
}

// fresh is an artefact of a random policy.
func fresh(t testing.TB, seed uint64) *policy.Artefact {
	t.Helper()
	l := policy.Layout{Inputs: env.NumFeatures, Width: 32}
	n, err := policy.NewNetwork(l, l.Initial(rand.New(rand.NewPCG(seed, 1))))
	if err != nil {
		t.Fatal(err)
	}
	return &policy.Artefact{Network: n, ReturnScale: 50}
}

func one(env.QueryKey) int { return 0 }

func configured(t testing.TB, groupOf func(env.QueryKey) int, groups ...GroupConfig) *Loop {
	t.Helper()
	l := NewLoop()
	if err := l.Configure(groups, groupOf); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func learning(t testing.TB) GroupConfig {
	return GroupConfig{Name: "all", Mode: Learn, PolicyName: Learned, Artefact: fresh(t, 1), Seed: 9}
}

// play runs the loop over ticks and returns copies of its steps.
func play(l *Loop, ticks []env.Tick) []replay.Step {
	var steps []replay.Step
	l.Run(&recorded{ticks: ticks}, func(s *replay.Step) { steps = append(steps, *s) })
	return steps
}

func TestObserveCommandsNothing(t *testing.T) {
	g := learning(t)
	g.Mode = Observe
	l := configured(t, one, g)
	e := &recorded{ticks: stream(1, 200)}
	n := 0
	l.Run(e, func(s *replay.Step) {
		n++
		if s.Mode != "observe" || s.Policy == "" || s.Index != uint64(n) {
			t.Fatalf("step %+v", s)
		}
	})
	if n != 200 || len(e.acts) != 0 {
		t.Errorf("%d steps and commands %v", n, e.acts)
	}
}

func TestHeldQueriesAndCatchingUpAreNotCommanded(t *testing.T) {
	g := learning(t)
	g.Mode = Serve
	l := configured(t, one, g)
	l.Hold("app/a")
	e := &recorded{ticks: stream(1, 100)}
	l.Run(e, nil)
	if len(e.acts["app/a"]) != 0 || len(e.acts["app/b"]) == 0 || !l.Held("app/a") || l.Held("app/b") {
		t.Errorf("commands %v", e.acts)
	}
	l.Release("app/a")
	l.Commanding = false
	e = &recorded{ticks: stream(1, 100)}
	l.Run(e, nil)
	if len(e.acts) != 0 {
		t.Errorf("commands %v while catching up", e.acts)
	}
	l.Commanding = true
	e = &recorded{ticks: stream(1, 100)}
	l.Run(e, nil)
	if len(e.acts["app/a"])+len(e.acts["app/b"]) != 100 {
		t.Errorf("commands %v", e.acts)
	}
}

func TestWhatWasNotCommandedIsNotLearntFrom(t *testing.T) {
	l := configured(t, one, learning(t))
	l.Commanding = false
	play(l, stream(1, 500))
	if n := l.groups[0].learner; n.inFlight != nil || len(n.fresh)+len(n.ring) > 0 || n.status.Updates > 0 {
		t.Errorf("chunks %d and %d, %d updates", len(n.fresh), len(n.ring), n.status.Updates)
	}
}

func TestStepsThatTeachNothingAreNotLearntFrom(t *testing.T) {
	ticks := stream(3, 1500)
	for i := range ticks {
		ticks[i].Discounted.Latency = 1
		if !ticks[i].Teaches {
			ticks[i].Discounted.Latency = 1e6
		}
	}
	l := configured(t, one, learning(t))
	play(l, ticks)
	n := l.groups[0].learner
	if len(n.ring) == 0 {
		t.Fatal("nothing was learnt from")
	}
	for _, c := range n.ring {
		for _, s := range c.steps {
			if s.reward < -1000 {
				t.Fatalf("a step with reward %v", s.reward)
			}
		}
	}
}

func TestACostThatIsNoNumberIsNotLearntFrom(t *testing.T) {
	ticks := stream(3, 600)
	for i := range ticks {
		if i%50 == 0 {
			ticks[i].Discounted.Latency = math.NaN()
		}
	}
	l := configured(t, one, learning(t))
	play(l, ticks)
	if _, err := l.State(); err != nil {
		t.Error(err)
	}
	if l.groups[0].learner.status.Updates == 0 {
		t.Error("nothing was learnt from the rest")
	}
}

func TestServeTakesTheArgmaxOfTheArtefactAlone(t *testing.T) {
	g := learning(t)
	l := configured(t, one, g)
	play(l, stream(1, 1000))
	other := fresh(t, 2)
	g.Mode, g.Artefact = Serve, other
	if err := l.Configure([]GroupConfig{g}, one); err != nil {
		t.Fatal(err)
	}
	for _, s := range play(l, stream(2, 300)) {
		if s.Policy != other.Network.ID() || s.Proposed != s.Probabilities.Argmax(s.Mask) || s.Mode != "serve" {
			t.Fatalf("step %d by %s proposes %v of %v", s.Index, s.Policy, s.Proposed, s.Probabilities)
		}
	}
}

func TestAChangeOfModeKeepsTheLearner(t *testing.T) {
	g := learning(t)
	l := configured(t, one, g)
	play(l, stream(1, 1000))
	before := l.Status()[0]
	if before.Learner.Updates == 0 || before.Policy == g.Artefact.Network.ID() {
		t.Fatalf("nothing was learnt: %+v", before)
	}
	serve := g
	serve.Mode, serve.Artefact = Serve, nil
	for _, c := range []GroupConfig{serve, {Name: "all", Mode: Learn, PolicyName: "waiting-cost"}, serve} {
		if err := l.Configure([]GroupConfig{c}, one); err != nil {
			t.Fatal(err)
		}
		play(l, stream(2, 200))
	}
	if now := l.Status()[0]; now.Policy != before.Policy || now.Learner.Updates != before.Learner.Updates {
		t.Errorf("was %+v, is %+v", before, now)
	}
	if err := l.Configure([]GroupConfig{g}, one); err != nil {
		t.Fatal(err)
	}
	play(l, stream(3, 1000))
	if now := l.Status()[0]; now.Learner.Updates <= before.Learner.Updates {
		t.Errorf("learning did not go on: %+v", now.Learner)
	}
}

func TestGroupsKeepToThemselves(t *testing.T) {
	groupOf := func(q env.QueryKey) int {
		if q == "app/b" {
			return 1
		}
		return 0
	}
	a, b := learning(t), learning(t)
	a.Name, b.Name = "a", "b"
	b.Mode = Observe
	l := configured(t, groupOf, a, b)
	for _, s := range play(l, stream(1, 1000)) {
		if want := map[env.QueryKey]string{"app/a": "a", "app/b": "b"}[s.Query]; s.Group != want {
			t.Fatalf("%s is in group %s", s.Query, s.Group)
		}
	}
	if st := l.Status(); st[0].Learner.Updates == 0 || st[1].Learner != nil {
		t.Errorf("status %+v", st)
	}
}

func TestAWrongGroupChangesNothing(t *testing.T) {
	l := configured(t, one, learning(t))
	for _, c := range []struct {
		g    GroupConfig
		want error
	}{
		{GroupConfig{Mode: "dance", PolicyName: "waiting-cost"}, ErrMode},
		{GroupConfig{Mode: Learn, PolicyName: "oracle"}, ErrPolicy},
		{GroupConfig{Mode: Serve, PolicyName: Learned}, ErrNoArtefact},
	} {
		if err := l.Configure([]GroupConfig{c.g}, one); !errors.Is(err, c.want) {
			t.Errorf("%+v: got %v, want %v", c.g, err, c.want)
		}
	}
	if steps := play(l, stream(1, 10)); len(steps) != 10 || steps[0].Mode != "learn" {
		t.Error("the loop does not go on as it was")
	}
}

func TestServingAllocatesNothing(t *testing.T) {
	g := learning(t)
	g.Mode = Serve
	l := configured(t, one, g)
	ticks := stream(1, 50)
	play(l, ticks)
	if n := testing.AllocsPerRun(10, func() {
		for i := range ticks {
			l.Step(&ticks[i])
		}
	}); n != 0 {
		t.Errorf("%v allocations in 50 steps", n)
	}
}

func BenchmarkServeStep(b *testing.B) {
	g := learning(b)
	g.Mode = Serve
	l := configured(b, one, g)
	ticks := stream(1, 1000)
	play(l, ticks)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		l.Step(&ticks[i%len(ticks)])
		i++
	}
}

// BenchmarkServeOnAllCores has one loop a core, as when queries are shared out.
func BenchmarkServeOnAllCores(b *testing.B) {
	ticks := stream(1, 1000)
	b.RunParallel(func(pb *testing.PB) {
		g := learning(b)
		g.Mode = Serve
		l := NewLoop()
		if err := l.Configure([]GroupConfig{g}, one); err != nil {
			b.Error(err)
			return
		}
		defer l.Close()
		for i := 0; pb.Next(); i++ {
			l.Step(&ticks[i%len(ticks)])
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}

func BenchmarkLearnStep(b *testing.B) {
	l := configured(b, one, learning(b))
	ticks := stream(1, 10000)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		l.Step(&ticks[i%len(ticks)])
		i++
	}
}
