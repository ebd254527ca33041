package clairvoyant_test

import (
	"testing"
	"time"

	"rubato/bench/clairvoyant"
	"rubato/env"
	"rubato/env/sim"
	"rubato/policy/rules"
)

// exact are queries whose batches last what the plan takes them to.
func exact(t testing.TB) map[string]sim.Config {
	t.Helper()
	l, err := env.NewLadder(100*time.Millisecond, 60*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	plain := sim.Config{
		Query: "app/q", Run: "run", Seed: 11, Duration: 3 * time.Minute, Past: 10 * time.Minute,
		Load: func() sim.Load { return sim.NewBursty(40, 0.02) },
		Settings: env.Settings{
			Weights: env.Weights{Latency: 1, Batch: 0.3, Empty: 0.3}, Ladder: l,
		},
		Configured: 2 * time.Second, Overhead: 250 * time.Millisecond, PerRow: 1. / 5000,
	}
	busy := plain
	busy.PerRow, busy.Settings.Weights.Backlog, busy.Settings.Grace = 1./220, 1, 2*time.Second
	wanted := plain
	wanted.Settings.Target, wanted.Settings.Weights.Miss = time.Second, 3
	idle := plain
	idle.Load = func() sim.Load { return &sim.OnOff{Rate: 30, On: 10, Off: 60} }
	capped := busy
	capped.Cap, capped.Settings.Weights.Backlog = 400, 0
	files := plain
	files.Settings.FullBatch, files.Settings.Weights.Batch = 500, 2
	return map[string]sim.Config{
		"plain": plain, "busy": busy, "wanted": wanted, "idle": idle, "capped": capped, "files": files,
	}
}

// foreseen is the configuration as the plan sees it.
func foreseen(t testing.TB, c sim.Config) clairvoyant.Query {
	t.Helper()
	q := clairvoyant.Query{
		Duration: c.Duration.Seconds(), Overhead: c.Overhead.Seconds(), PerRow: c.PerRow, Cap: c.Cap, Settings: c.Settings, Drain: true,
	}
	c.OnArrival = func(at env.Time, n float64) {
		q.Arrivals = append(q.Arrivals, clairvoyant.Arrival{At: at.Sub(0), Events: n})
	}
	s, err := sim.New(c)
	if err != nil {
		t.Fatal(err)
	}
	s.Run()
	q.Reference = s.Score(0).Reference
	return q
}

// cost is what the query costs where decide says the interval at each tick.
func cost(t testing.TB, c sim.Config, decide func(*env.Tick) time.Duration) float64 {
	t.Helper()
	s, err := sim.New(c)
	if err != nil {
		t.Fatal(err)
	}
	for {
		tick, ok := s.Next()
		if !ok {
			return s.Score(0).CostRate(c.Settings.Weights) * c.Duration.Seconds()
		}
		s.Command(tick.Query, decide(&tick))
	}
}

func TestNoRuleIsCheaperThanTheKnownFuture(t *testing.T) {
	for name, c := range exact(t) {
		plan, err := clairvoyant.Solve(foreseen(t, c))
		if err != nil {
			t.Fatal(err)
		}
		best, by := 1e300, ""
		for _, e := range rules.Rivals() {
			if e.Steps {
				continue
			}
			r := e.New()
			if x := cost(t, c, func(tick *env.Tick) time.Duration {
				return rules.Outright(r.Decide(tick), c.Settings.Ladder)
			}); x < best {
				best, by = x, e.Name
			}
		}
		t.Logf("%s: the known future %.2f, best rule %.2f (%s), ratio %.3f", name, plan.Cost, best, by, plan.Cost/best)
		if plan.Cost > 1.005*best {
			t.Errorf("%s: %s costs %v, the known future %v", name, by, best, plan.Cost)
		}
	}
}

func TestThePlanHoldsInTheSimulator(t *testing.T) {
	for name, c := range exact(t) {
		plan, err := clairvoyant.Solve(foreseen(t, c))
		if err != nil {
			t.Fatal(err)
		}
		if c.Settings.Ladder, err = env.NewLadder(time.Millisecond, time.Hour); err != nil {
			t.Fatal(err)
		}
		next := 0
		got := cost(t, c, func(tick *env.Tick) time.Duration {
			start := tick.At.Add(-tick.Observation.SinceTrigger)
			for next < len(plan.Triggers) && plan.Triggers[next] <= start.Sub(0)+1e-6 {
				next++
			}
			if next == len(plan.Triggers) {
				return time.Hour
			}
			return time.Duration(env.Time(0).Add(plan.Triggers[next]) - start)
		})
		// The run begins with an empty trigger of its own. In an overload the ends
		// of batches, rounded to the grid, add up.
		limit := plan.Cost + c.Settings.Weights.Empty
		t.Logf("%s: %v triggers, planned %.3f, costs %.3f", name, len(plan.Triggers), plan.Cost, got)
		if tolerance := map[string]float64{"busy": 0.02, "capped": 0.02}[name]; got > limit*(1.002+tolerance) || got < plan.Cost*(0.998-tolerance) {
			t.Errorf("%s: planned %v, costs %v", name, plan.Cost, got)
		}
	}
}
