package judge

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"rubato/agent"
	"rubato/env"
	"rubato/env/sim"
	"rubato/env/spark"
	"rubato/policy"
	"rubato/policy/pretrained"
	"rubato/replay"
)

const orders env.QueryKey = "shop/orders"

// settings are those of profile balanced.
func settings(t testing.TB) Resolver {
	t.Helper()
	l, err := env.NewLadder(100*time.Millisecond, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return func(_ env.QueryKey, configured time.Duration) (env.Settings, bool) {
		return env.Settings{
			Weights: env.Weights{Latency: 1, Batch: 0.3, Empty: 0.2}, Ladder: l, Grace: 10 * time.Second, Period: 200 * time.Millisecond,
		}, configured > 0
	}
}

func shipped(t testing.TB) *policy.Artefact {
	t.Helper()
	a, err := pretrained.Policy()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// patient is the policy that ships, waiting e^2 times as long on orders.
func patient(t testing.TB) *policy.Artefact {
	a := shipped(t)
	a.ThresholdShifts = map[string]float64{string(orders): 2}
	return a
}

// recorded is the journal of a query at two seconds that is only observed, and
// what it cost a second. change may change each step.
func recorded(t testing.TB, length time.Duration, change func(*replay.Step)) (j *replay.Journal, cost float64) {
	t.Helper()
	j, err := replay.Open(filepath.Join(t.TempDir(), "journal.db"), replay.Options{MaxBytes: 256 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	j.AppendInput(said(t, spark.Started, "run", 2*time.Second))
	set, _ := settings(t)(orders, 2*time.Second)
	bursts := sim.Workloads()[1]
	s, err := sim.New(sim.Config{
		Query: orders, Run: "run", Seed: 7, Duration: length, Reference: 100, Settings: set, Configured: 2 * time.Second,
		Load:     func() sim.Load { return sim.Scaled(bursts.New(rand.New(rand.NewPCG(7, 7))), 100) },
		Overhead: 200 * time.Millisecond, PerRow: 1e-4, Noise: 0.1, RoundTrip: 3 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	loop := agent.NewLoop()
	defer loop.Close()
	err = loop.Configure([]agent.GroupConfig{{
		Name: "default", Mode: agent.Observe, PolicyName: agent.Learned, Artefact: shipped(t),
	}}, func(env.QueryKey) int { return 0 })
	if err != nil {
		t.Fatal(err)
	}
	loop.Run(s, func(step *replay.Step) {
		if change != nil {
			change(step)
		}
		j.AppendStep(step)
	})
	if err := j.Flush(); err != nil {
		t.Fatal(err)
	}
	score := s.Score(0)
	return j, score.CostRate(set.Weights)
}

func read(t testing.TB, j *replay.Journal, since uint64) []Query {
	t.Helper()
	queries, err := Read(t.Context(), j, since, settings(t))
	if err != nil {
		t.Fatal(err)
	}
	return queries
}

func run(t testing.TB, queries []Query, all ...Contestant) []Judgement {
	t.Helper()
	out, err := Run(t.Context(), queries, append([]Contestant{{Name: "as configured"}}, all...), nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTuningIsJudgedBeforeAnythingIsCommanded(t *testing.T) {
	j, cost := recorded(t, 75*time.Minute, nil)
	all := run(t, read(t, j, 0), Contestant{"ships", shipped(t)})
	if len(all) != 1 || all[0].Query != orders || all[0].Windows != 5 {
		t.Fatalf("%+v", all)
	}
	if own := all[0].Rows[0].CostRate; math.Abs(own/cost-1) > 0.05 {
		t.Errorf("as configured it cost %v, and is simulated to cost %v", cost, own)
	}
	if c := all[0].Change; !c.Better() || c.Ratio < 0.4 || c.Ratio > 0.9 || c.Low >= c.Ratio {
		t.Errorf("the policy that ships: %+v", c)
	}
	if again := run(t, read(t, j, 0), Contestant{"ships", shipped(t)}); !reflect.DeepEqual(again, all) {
		t.Errorf("%+v, and again %+v", all, again)
	}
}

func TestOnlyAPolicyThatIsSurelyBetterPassesTheGate(t *testing.T) {
	j, _ := recorded(t, 75*time.Minute, nil)
	queries := read(t, j, 0)
	ships, waits := Contestant{"ships", shipped(t)}, Contestant{"waits", patient(t)}
	for name, c := range map[string]struct {
		base, judged Contestant
		want         error
	}{
		"a better one":      {waits, ships, nil},
		"a worse one":       {ships, waits, ErrWorse},
		"one that is equal": {ships, ships, ErrSame},
	} {
		all := run(t, queries, c.base, c.judged)
		if err := Gate(all); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, %+v", name, err, all[0].Change)
		}
	}
}

func TestWhatAPolicyHasSeenDoesNotJudgeIt(t *testing.T) {
	j, _ := recorded(t, 75*time.Minute, nil)
	all := run(t, read(t, j, j.Last()*3/4), Contestant{"ships", shipped(t)}, Contestant{"waits", patient(t)})
	if all[0].Seconds != 900 {
		t.Errorf("%v s of the last 19 minutes", all[0].Seconds)
	}
	if err := Gate(all); !errors.Is(err, ErrTooShort) {
		t.Error(err)
	}
}

func TestAQueryThatSharesItsDriverIsLeftOutAndSaysSo(t *testing.T) {
	j, _ := recorded(t, 30*time.Minute, func(s *replay.Step) { s.Observation.DriverQueries = 1 })
	all := run(t, read(t, j, 0), Contestant{"ships", shipped(t)})
	if len(all) != 1 || all[0].Why == "" || all[0].Rows != nil {
		t.Errorf("%+v", all)
	}
	if c := Overall(all); c.Counted != 0 || c.Queries != 1 {
		t.Errorf("%+v", c)
	}
}

func TestAJudgementThatIsStoppedEnds(t *testing.T) {
	j, _ := recorded(t, 30*time.Minute, nil)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Run(ctx, read(t, j, 0), []Contestant{{Name: "own"}, {"ships", shipped(t)}}, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
