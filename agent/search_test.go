package agent

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"rubato/env"
	"rubato/env/sim"
	"rubato/replay"
)

// eager is how far off the threshold of the patient query is at first.
const eager = -0.9

// patient is a query whose batches are dear.
func patient(t testing.TB) sim.Config {
	t.Helper()
	l, err := env.NewLadder(100*time.Millisecond, 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return sim.Config{
		Query: "app/a", Run: "run", Seed: 3, Duration: 14 * time.Minute, Load: func() sim.Load { return sim.Steady(50) },
		Reference: 50, Configured: 2 * time.Second, Overhead: 100 * time.Millisecond, PerRow: 1e-4, Noise: 0.1,
		RoundTrip: 3 * time.Millisecond,
		Settings:  env.Settings{Weights: env.Weights{Latency: 1, Batch: 20, Empty: 20}, Ladder: l, Grace: 10 * time.Second},
	}
}

// tuning is a loop that learns and knows what is asked of the patient query.
func tuning(t testing.TB) *Loop {
	t.Helper()
	g := learning(t)
	g.Artefact.ThresholdShifts = map[string]float64{"app/a": eager}
	l := configured(t, one, g)
	set := patient(t).Settings
	set.Period = env.DefaultPeriod
	l.Settings = func(env.QueryKey) (env.Settings, bool) { return set, true }
	return l
}

// tune plays the patient query; swap may put another loop in the place of the
// one that plays, before each tick.
func tune(t testing.TB, l *Loop, swap func(*Loop, *env.Tick) *Loop) (steps []replay.Step, end *Loop) {
	t.Helper()
	s, err := sim.New(patient(t))
	if err != nil {
		t.Fatal(err)
	}
	for {
		tick, ok := s.Next()
		if !ok {
			return steps, l
		}
		if swap != nil {
			l = swap(l, &tick)
		}
		step, command := l.Step(&tick)
		steps = append(steps, *step)
		if command {
			s.Act(tick.Query, step.Rung)
		}
	}
}

func TestASearchMovesTheThresholdWhenItIsDueAndARestartChangesNothing(t *testing.T) {
	undisturbed := tuning(t)
	var began, moved env.Time
	want, _ := tune(t, undisturbed, func(l *Loop, tick *env.Tick) *Loop {
		q := l.query(tick.Query)
		if s := l.groups[0].searcher.search; moved == 0 && s != nil {
			began = s.due.Add(-searchDelay)
		}
		if moved == 0 && q.tuned.shift != eager {
			moved = tick.At
		}
		return l
	})
	status := undisturbed.Status()[0].Search
	if status.Searches == 0 || status.Moves == 0 || undisturbed.queries["app/a"].tuned.shift <= eager {
		t.Fatalf("batches are dear, and the threshold stands at %v: %+v", undisturbed.queries["app/a"].tuned.shift, status)
	}
	if wait := moved.Sub(began); wait < searchDelay || wait > searchDelay+5 {
		t.Errorf("it took effect %v s after it began", wait)
	}

	rng, restarts, inFlight := rand.New(rand.NewPCG(1, 1)), 0, 0
	got, end := tune(t, tuning(t), func(l *Loop, _ *env.Tick) *Loop {
		searching := l.groups[0].searcher.search != nil
		if rng.IntN(400) > 0 && (!searching || rng.IntN(8) > 0) {
			return l
		}
		restarts++
		if searching {
			inFlight++
		}
		saved := state(t, l)
		l.Close()
		next := tuning(t)
		if err := next.Restore(saved); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(state(t, next), saved) {
			t.Fatal("what was restored is not what was saved")
		}
		return next
	})
	if !same(got, want) || !bytes.Equal(state(t, end), state(t, undisturbed)) {
		t.Errorf("restarted %d times it decided otherwise", restarts)
	}
	if inFlight == 0 {
		t.Error("no restart met a search")
	}
}

func TestASearchThatIsNotReadyIsPutOffAndAReplayFindsTheSame(t *testing.T) {
	live := tuning(t)
	put := map[uint64]bool{}
	live.Late = func(group string, _ bool) bool {
		if group != searchLate+"all" {
			return false
		}
		put[live.Index()] = len(put) == 0
		return put[live.Index()]
	}
	want, live := tune(t, live, nil)
	if s := live.Status()[0].Search; s.Late != 1 || s.Searches == 0 {
		t.Fatalf("%+v", s)
	}
	again := tuning(t)
	again.Late = func(group string, _ bool) bool { return group == searchLate+"all" && put[again.Index()] }
	if got, _ := tune(t, again, nil); !same(got, want) {
		t.Error("told the same, it decided otherwise")
	}
}

func TestWhatWasLearntOfThresholdsIsFrozenAndServed(t *testing.T) {
	l := tuning(t)
	tune(t, l, nil)
	a, err := l.Freeze(learning(t).Name)
	if err != nil {
		t.Fatal(err)
	}
	shift := l.queries["app/a"].tuned.shift
	if shift == eager || a.ThresholdShifts["app/a"] != shift || len(a.ThresholdShifts) != 1 {
		t.Fatalf("moved to %v, frozen %v", shift, a.ThresholdShifts)
	}
	cfg := learning(t)
	cfg.Mode, cfg.Artefact = Serve, a
	served := configured(t, one, cfg)
	tune(t, served, nil)
	if q := served.queries["app/a"]; q.tuned.shift != shift || q.tuned.record.Begun() {
		t.Errorf("served at %v", q.tuned.shift)
	}
	if err := l.Configure([]GroupConfig{cfg}, one); err != nil { // the same loop, from learn to serve
		t.Fatal(err)
	}
	if q := l.queries["app/a"]; q.tuned.shift != shift || q.tuned.record.Begun() {
		t.Errorf("after a change of mode at %v", q.tuned.shift)
	}
}

func TestAGroupThatIsSwitchedToServeTakesTheThresholdsOfItsArtefact(t *testing.T) {
	g := learning(t)
	l := configured(t, one, g)
	play(l, stream(1, 20))
	for _, q := range l.queries {
		q.tuned.shift = 0.7 // as learnt
	}
	frozen := map[env.QueryKey]float64{"app/a": -0.3, "app/b": 0}
	g.Mode, g.Artefact = Serve, fresh(t, 2)
	g.Artefact.ThresholdShifts = map[string]float64{"app/a": frozen["app/a"]}
	if err := l.Configure([]GroupConfig{g}, one); err != nil {
		t.Fatal(err)
	}
	play(l, stream(2, 20))
	for key, want := range frozen {
		if got := l.queries[key].tuned.shift; got != want {
			t.Errorf("%s is served at %v, frozen at %v", key, got, want)
		}
	}
}

func TestASearchUnderWayDoesNotMoveAQueryThatWasMovedToAFrozenGroup(t *testing.T) {
	group := map[env.QueryKey]int{"app/a": 0, "app/b": 0}
	of := func(q env.QueryKey) int { return group[q] }
	a := fresh(t, 1)
	groups := []GroupConfig{
		{Name: "learns", Mode: Learn, PolicyName: Learned, Artefact: a}, {Name: "serves", Mode: Serve, PolicyName: Learned, Artefact: a},
	}
	l := configured(t, of, groups...)
	defer l.Close()
	ticks := stream(1, 40)
	for i := range ticks[:20] {
		l.Step(&ticks[i])
	}
	done := make(chan struct{})
	close(done)
	l.groups[0].searcher.search, l.groups[0].searcher.stop = &search{query: "app/a", to: 0.4, done: done}, func() {}
	group["app/a"] = 1
	if err := l.Configure(groups, of); err != nil {
		t.Fatal(err)
	}
	for i := range ticks[20:] {
		l.Step(&ticks[20+i])
	}
	if l.groups[0].searcher.search != nil {
		t.Fatal("the search did not end")
	}
	if shift := l.queries["app/a"].tuned.shift; shift != 0 {
		t.Errorf("the frozen query's threshold was moved by %v", shift)
	}
}

func TestASearchForAThresholdThatWasChangedMeanwhileMovesNothing(t *testing.T) {
	l := configured(t, one, learning(t))
	ticks := stream(1, 20)
	for i := range ticks {
		l.Step(&ticks[i])
	}
	done := make(chan struct{})
	close(done)
	for _, c := range []struct {
		shift, want float64
		moves       uint64
	}{{0.3, 0.3, 0}, {0.1, 0.4, 1}} {
		l.queries["app/a"].tuned.shift = c.shift
		u := searcher{search: &search{query: "app/a", from: 0.1, to: 0.4, done: done}}
		u.take(l, "all", &ticks[19])
		if got := l.queries["app/a"].tuned.shift; got != c.want || u.status.Moves != c.moves {
			t.Errorf("from 0.1 to 0.4, found at %v: moved to %v, %d moves", c.shift, got, u.status.Moves)
		}
	}
}

// searches plays the patient query beside others until a search for its
// threshold begins, or that moment is past.
func searches(t *testing.T, others int, until env.Time) (began env.Time) {
	t.Helper()
	l := tuning(t)
	s, err := sim.New(patient(t))
	if err != nil {
		t.Fatal(err)
	}
	for tick, ok := s.Next(); ok && tick.At < until; tick, ok = s.Next() {
		tick.Observation.DriverQueries = float64(others)
		step, _ := l.Step(&tick)
		s.Act(tick.Query, step.Rung)
		if l.groups[0].searcher.search != nil {
			return tick.At
		}
	}
	return 0
}

func TestTheThresholdsOfQueriesThatShareADriverAreLeftAlone(t *testing.T) {
	alone := searches(t, 0, math.MaxInt64)
	if alone == 0 {
		t.Fatal("no search began")
	}
	if began := searches(t, 1, alone.Add(60)); began != 0 {
		t.Errorf("beside another query a search began at %v s", began.Sub(0))
	}
}
