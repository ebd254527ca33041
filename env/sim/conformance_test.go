package sim_test

import (
	"testing"
	"time"

	"rubato/env"
	"rubato/env/envtest"
	"rubato/env/sim"
)

func harness(t *testing.T, load func() sim.Load) func(seed uint64) envtest.Harness {
	return func(seed uint64) envtest.Harness {
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
		return envtest.Harness{Environment: open(t, c), Truth: truth, Settings: c.Settings}
	}
}

func TestSimConforms(t *testing.T) {
	for name, load := range map[string]func() sim.Load{
		"steady": loads["steady"], "bursty": loads["bursty"],
		"idle": func() sim.Load { return &sim.OnOff{Rate: 150, On: 10, Off: 10} },
	} {
		t.Run(name, func(t *testing.T) { envtest.Run(t, harness(t, load)) })
	}
}
