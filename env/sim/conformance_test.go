package sim_test

import (
	"fmt"
	"testing"
	"time"

	"rubato/env"
	"rubato/env/envtest"
	"rubato/env/sim"
)

// conforming is the query that the suite watches.
func conforming(t *testing.T, seed uint64, load func() sim.Load) (sim.Config, *envtest.Truth) {
	c := config(t, seed, load)
	c.Duration, c.Past = 4*time.Minute, time.Hour
	c.Settings.Weights.Miss, c.Settings.Weights.Backlog, c.Settings.Weights.Switch = 1, 1, 0.01
	c.Settings.Target, c.Settings.Grace = time.Second, 300*time.Millisecond
	if seed%3 == 1 {
		c.Cap = 400
	}
	truth := &envtest.Truth{}
	c.OnArrival = func(at env.Time, n float64) {
		truth.Arrivals = append(truth.Arrivals, envtest.Arrival{At: at, Events: n})
	}
	c.OnTrigger = func(x sim.Trigger) { truth.Triggers = append(truth.Triggers, envtest.Trigger(x)) }
	return c, truth
}

func TestSimConforms(t *testing.T) {
	for name, load := range map[string]func() sim.Load{
		"steady": loads["steady"], "bursty": loads["bursty"],
		"idle": func() sim.Load { return &sim.OnOff{Rate: 150, On: 10, Off: 10} },
	} {
		t.Run(name, func(t *testing.T) {
			envtest.Run(t, func(seed uint64) envtest.Harness {
				c, truth := conforming(t, seed, load)
				return envtest.Harness{Environment: open(t, c), Truth: truth, Settings: c.Settings, Past: c.Past}
			})
		})
	}
}

// watched is one query of a driver, as an environment of its own: the others
// wander up and down their ladders.
type watched struct {
	*sim.Sim
	key   env.QueryKey
	ticks int
}

func (w *watched) Next() (env.Tick, bool) {
	for {
		tick, ok := w.Sim.Next()
		if !ok || tick.Query == w.key {
			return tick, ok
		}
		w.ticks++
		w.Act(tick.Query, int(tick.Observation.Rung)+w.ticks/50%3-1)
	}
}

func TestSharedSimConforms(t *testing.T) {
	envtest.Run(t, func(seed uint64) envtest.Harness {
		c, truth := conforming(t, seed, loads["bursty"])
		d := sim.Driver{Cores: 1 + float64(seed%2), Contention: 0.8}
		for i := range 1 + seed%4 {
			other := config(t, seed+100*i+1, loads["steady"])
			other.Query, other.Duration, other.Past = env.QueryKey(fmt.Sprint("app/other", i)), c.Duration, c.Past
			d.Queries = append(d.Queries, other)
		}
		d.Queries = append(d.Queries, c)
		return envtest.Harness{
			Environment: &watched{Sim: openDriver(t, d), key: c.Query}, Truth: truth, Settings: c.Settings, Past: c.Past,
		}
	})
}

func TestOffModelSimConforms(t *testing.T) {
	envtest.Run(t, func(seed uint64) envtest.Harness {
		c, truth := conforming(t, seed, loads["bursty"])
		c.Settings.FullBatch = 300
		c.Snapshot = sim.Snapshot{Every: 7, Seconds: 1}
		c.Growth, c.Warmup = 3, 2
		c.Straggler = sim.Straggler{Probability: 0.02, Factor: 4}
		if seed%2 == 1 {
			c.Pause = sim.Pause{Every: 60, Length: 0.5}
		}
		return envtest.Harness{Environment: open(t, c), Truth: truth, Settings: c.Settings, Past: c.Past}
	})
}
