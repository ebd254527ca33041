package sim_test

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
	"rubato/policy/rules"
)

func ladder(t testing.TB) env.Ladder {
	t.Helper()
	l, err := env.NewLadder(100*time.Millisecond, 60*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// config is a query of 0.25 s + n/5000 a batch, priced as in the notes.
func config(t testing.TB, seed uint64, load func() sim.Load) sim.Config {
	t.Helper()
	return sim.Config{
		Query: "app/q", Run: "run", Seed: seed, Duration: 20 * time.Minute, Load: load,
		Settings: env.Settings{
			Weights: env.Weights{Latency: 1, Batch: 0.3, Empty: 0.3}, Ladder: ladder(t), Grace: 10 * time.Second,
		},
		Configured: 2 * time.Second, Overhead: 250 * time.Millisecond, PerRow: 1. / 5000, Noise: 0.1,
		RoundTrip:  3 * time.Millisecond,
		Forecaster: func() env.Forecaster { return forecast.NewHolt() },
	}
}

func open(t testing.TB, c sim.Config) *sim.Sim {
	t.Helper()
	s, err := sim.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// drive lets the named rule decide to the end, and returns the exact score and
// the sum of what the ticks told.
func drive(t testing.TB, s *sim.Sim, rule string) (score sim.Score, told env.Components) {
	t.Helper()
	make, ok := rules.Lookup(rule)
	if !ok {
		t.Fatalf("no rule %q", rule)
	}
	pi := make()
	var p policy.Probabilities
	for {
		tick, ok := s.Next()
		if !ok {
			return s.Score(0), told
		}
		told = told.Add(tick.Cost)
		pi.Probabilities(&tick.Observation, tick.Mask, &p)
		s.Act(tick.Query, int(tick.Observation.Rung)+p.Argmax(tick.Mask).Delta())
	}
}

// hold runs at a fixed interval, without commands.
func hold(t testing.TB, s *sim.Sim) sim.Score {
	t.Helper()
	for {
		if _, ok := s.Next(); !ok {
			return s.Score(0)
		}
	}
}

var loads = map[string]func() sim.Load{
	"steady": func() sim.Load { return sim.Steady(100) },
	"bursty": func() sim.Load { return sim.NewBursty(40, 0.01) },
	"idle":   func() sim.Load { return &sim.OnOff{Rate: 300, On: 20, Off: 120} },
}

func TestSameSeedGivesTheSameRun(t *testing.T) {
	for name, load := range loads {
		a, b := open(t, config(t, 7, load)), open(t, config(t, 7, load))
		for i := 0; ; i++ {
			x, ok := a.Next()
			y, also := b.Next()
			if x != y || ok != also {
				t.Fatalf("%s: tick %d: %+v, then %+v", name, i, x, y)
			}
			if !ok {
				break
			}
			a.Act("app/q", i%7)
			b.Act("app/q", i%7)
		}
		if a.Score(0) != b.Score(0) {
			t.Errorf("%s: scores %+v and %+v", name, a.Score(0), b.Score(0))
		}
	}
}

func TestArrivalsDoNotDependOnTheCommands(t *testing.T) {
	for name, load := range loads {
		a, _ := drive(t, open(t, config(t, 3, load)), "waiting-cost")
		b := hold(t, open(t, config(t, 3, load)))
		if a.Events != b.Events || a.Reference != b.Reference {
			t.Errorf("%s: %v events at %v, and %v at %v", name, a.Events, a.Reference, b.Events, b.Reference)
		}
	}
}

// What the ticks add up to is what the events really cost.
func TestTicksAddUpToTheExactScore(t *testing.T) {
	for name, load := range loads {
		for seed := range uint64(4) {
			c := config(t, seed, load)
			c.Settings.Target = 600 * time.Millisecond
			score, told := drive(t, open(t, c), "waiting-cost")
			if told.Batch != score.Batch || math.Abs(told.Empty-score.Empty) > 1 || score.Switch-told.Switch > 1 {
				t.Errorf("%s %d: told %+v, is %+v", name, seed, told, score.Components)
			}
			if math.Abs(told.Latency/score.Latency-1) > 0.02 { // the reference rate moves as it is told
				t.Errorf("%s %d: latency told %v, is %v", name, seed, told.Latency, score.Latency)
			}
			if math.Abs(told.Miss-score.Miss) > 0.03*score.Miss+0.01*score.Latency {
				t.Errorf("%s %d: miss told %v, is %v", name, seed, told.Miss, score.Miss)
			}
		}
	}
}

// Without end offsets the arrivals between two batches are known only once the
// second has begun, and the latency is corrected then.
func TestBlindTicksAddUpToTheExactScore(t *testing.T) {
	for name, load := range loads {
		c := config(t, 1, load)
		c.Blind = true
		score, told := drive(t, open(t, c), "fixed")
		t.Logf("%s: latency told %.1f, is %.1f", name, told.Latency, score.Latency)
		if math.Abs(told.Latency/score.Latency-1) > 0.05 {
			t.Errorf("%s: latency told %v, is %v", name, told.Latency, score.Latency)
		}
	}
}

func TestBacklogIsDebtByTheTrueBatch(t *testing.T) {
	c := config(t, 1, loads["steady"])
	c.PerRow, c.Cap, c.Duration = 0.02, 1000, time.Minute // 100/s of 0.02 s: twice too much
	score := hold(t, open(t, c))
	if score.Backlog < 100 {
		t.Errorf("a query that can do half of its load has a backlog cost of %v", score.Backlog)
	}
	c.PerRow = 0.0001
	if score = hold(t, open(t, c)); score.Backlog != 0 {
		t.Errorf("one that keeps up has %v", score.Backlog)
	}
}

func TestDataHeldBackIsNeitherEmptyNorABatch(t *testing.T) {
	c := config(t, 1, func() sim.Load { return sim.Steady(10) })
	c.Floor, c.Duration = 100, time.Minute
	held := 0
	c.OnTrigger = func(x sim.Trigger) {
		if x.Outcome == env.HeldBack {
			held++
		}
	}
	score := hold(t, open(t, c))
	if score.Empty > 1 || score.Batch > 6 || held < 15 {
		t.Errorf("%v empty, %v batches, %d held", score.Empty, score.Batch, held)
	}
}

// As KafkaMicroBatchStream.delayBatch has it, with a trigger a minute.
func TestDataIsHeldBackForMaxTriggerDelayAtMost(t *testing.T) {
	c := config(t, 1, nil)
	c.Floor, c.Duration, c.Configured, c.Reference = 3, 70*time.Minute, time.Minute, 1
	taken := map[int]float64{15: 2, 17: 3, 32: 1, 62: 1} // rows by the trigger's minute
	for _, at := range []float64{0, 0.5, 16.5, 16.6, 16.7, 20.5, 47.5} {
		c.Arrivals = append(c.Arrivals, time.Duration(at*float64(time.Minute)))
	}
	empty := func(minute int) bool {
		return minute == 16 || minute > 17 && minute < 21 || minute > 32 && minute < 48 || minute > 62
	}
	c.OnTrigger = func(x sim.Trigger) {
		minute := int(math.Round(x.Start.Sub(0) / 60))
		want := env.HeldBack
		switch {
		case taken[minute] > 0:
			want = env.Batch
		case empty(minute):
			want = env.Empty
		}
		if x.Outcome != want || x.Rows != taken[minute] {
			t.Errorf("minute %d: outcome %v of %v rows, want %v of %v", minute, x.Outcome, x.Rows, want, taken[minute])
		}
	}
	open(t, c).Run()
}

func TestCapLimitsEachBatch(t *testing.T) {
	c := config(t, 1, loads["steady"])
	c.Cap = 150
	most := 0.0
	c.OnTrigger = func(x sim.Trigger) { most = max(most, x.Rows) }
	hold(t, open(t, c))
	if most != 150 {
		t.Errorf("the largest batch had %v events", most)
	}
}

func TestBadConfigurationIsNamed(t *testing.T) {
	good := config(t, 1, loads["steady"])
	for want, c := range map[error]sim.Config{
		sim.ErrNoLoad:   {Settings: good.Settings},
		sim.ErrNoLadder: {Load: good.Load},
		sim.ErrTimes:    {Load: good.Load, Settings: good.Settings},
	} {
		if _, err := sim.New(c); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

// The grid of intervals that the rule has to beat in hindsight.
var grid = []time.Duration{
	100 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second,
	5 * time.Second, 10 * time.Second, 30 * time.Second,
}

// rivals returns the cost rate of the best fixed interval and of the rule.
func rivals(t testing.TB, c sim.Config) (fixed, rule float64, at time.Duration) {
	t.Helper()
	fixed = math.Inf(1)
	for _, c.Configured = range grid {
		s := open(t, c)
		s.Run()
		if x := s.Score(0).CostRate(c.Settings.Weights); x < fixed {
			fixed, at = x, c.Configured
		}
	}
	c.Configured = 2 * time.Second
	score, _ := drive(t, open(t, c), "waiting-cost")
	return fixed, score.CostRate(c.Settings.Weights), at
}

func TestWaitingCostOnTheLadderBeatsTheBestFixedInterval(t *testing.T) {
	for name, limit := range map[string]float64{"bursty": 0.97, "idle": 0.8} {
		for seed := range uint64(3) {
			fixed, rule, at := rivals(t, config(t, seed, loads[name]))
			t.Logf("%s %d: best fixed %v %.4f, waiting cost %.4f (%.3f)", name, seed, at, fixed, rule, rule/fixed)
			if rule > limit*fixed {
				t.Errorf("%s %d: waiting cost at %.3f of the best fixed interval, %v", name, seed, rule/fixed, at)
			}
		}
	}
	fixed, rule, at := rivals(t, config(t, 0, loads["steady"]))
	t.Logf("steady: best fixed %v %.4f, waiting cost %.4f (%.3f)", at, fixed, rule, rule/fixed)
	if rule > 1.05*fixed {
		t.Errorf("steady: waiting cost at %.3f of %v", rule/fixed, at)
	}
}

func BenchmarkSim(b *testing.B) {
	for b.Loop() {
		drive(b, open(b, config(b, 1, loads["bursty"])), "waiting-cost")
	}
}

func TestArrivalsThatAreKnownOneByOneAreMetAsTheyWere(t *testing.T) {
	c := config(t, 1, nil)
	c.Arrivals = []time.Duration{0, 1500 * time.Millisecond, 1500 * time.Millisecond, 1600 * time.Millisecond, time.Minute, 2 * time.Hour}
	if _, err := sim.New(c); !errors.Is(err, sim.ErrNoLoad) {
		t.Errorf("without a reference: %v, want %v", err, sim.ErrNoLoad)
	}
	c.Reference = 0.1
	var met []time.Duration
	c.OnArrival = func(at env.Time, events float64) {
		for range int(events) {
			met = append(met, time.Duration(at))
		}
	}
	open(t, c).Run()
	if want := c.Arrivals[:5]; !slices.Equal(met, want) { // the last comes after the end
		t.Errorf("arrivals at %v, want %v", met, want)
	}
}
