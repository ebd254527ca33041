package envtest_test

import (
	"testing"
	"time"

	"rubato/env"
	"rubato/env/envtest"
)

// direct is the least environment: an Engine's events told to a Tracker as they
// are, and commands in effect at once.
type direct struct {
	engine  *envtest.Engine
	tracker *env.Tracker
	ladder  env.Ladder
	now     env.Time
}

func (d *direct) Next() (env.Tick, bool) {
	for {
		ev, ok := d.engine.Next()
		if !ok {
			return env.Tick{}, false
		}
		d.now = ev.At
		d.tracker.Applied(ev.Interval)
		x := ev.Trigger
		switch ev.Kind {
		case envtest.Started:
			d.tracker.TriggerStart(ev.At, ev.Interval)
			continue
		case envtest.Ended:
			d.tracker.TriggerEnd(ev.At, x.Outcome, x.End, x.Committed, x.Rows, false)
		case envtest.Period:
			d.tracker.Arrived(ev.At, ev.Arrived, true)
			if !ev.Waiting {
				continue
			}
		}
		return d.tracker.Tick(ev.At, 0), true
	}
}

func (d *direct) Act(_ env.QueryKey, rung int) {
	d.tracker.SetRung(rung)
	d.engine.Command(d.now, d.ladder.Interval(rung))
	d.tracker.Applied(d.ladder.Interval(rung))
}

func TestTrackerToldByAnEngineConforms(t *testing.T) {
	ladder, err := env.NewLadder(200*time.Millisecond, 12800*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	envtest.Run(t, func(seed uint64) envtest.Harness {
		set := env.Settings{
			Weights: env.Weights{Latency: 1, Batch: 0.3, Empty: 0.3, Backlog: 1, Miss: 1, Switch: 0.1},
			Target:  time.Second, Ladder: ladder, Grace: 400 * time.Millisecond, Period: 200 * time.Millisecond,
		}
		e := envtest.NewEngine(envtest.EngineConfig{
			Seed: seed, Duration: 4 * time.Minute, Configured: 2 * time.Second, Period: set.Period,
			Overhead: 200 * time.Millisecond, PerRow: 500 * time.Microsecond, Busy: 100, Floor: float64(seed%2) * 3,
		})
		k := env.NewTracker("app/q", "run", nil, 0)
		k.Configure(set, 2*time.Second)
		k.SetCaps(0, float64(seed%2)*3)
		k.Arrived(0, 0, true)
		return envtest.Harness{
			Environment: &direct{engine: e, tracker: k, ladder: ladder}, Truth: &e.Truth, Settings: set,
		}
	})
}
