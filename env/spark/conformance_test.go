package spark

import (
	"testing"
	"time"

	"rubato/env"
	"rubato/env/envtest"
)

// wire joins an Engine and an Environment by messages and commands, which
// take two milliseconds to come into effect.
type wire struct {
	*world
	engine  *envtest.Engine
	agent   *agent
	sampled bool // at each trigger's start too
	acting  *Command
	actsAt  env.Time
	now     env.Time
}

const commandDelay = 2e6

// Next answers with the environment's next tick, letting the engine go on as
// far as it takes.
func (x *wire) Next() (env.Tick, bool) {
	for {
		if t, ok := x.Environment.Next(); ok {
			return t, true
		}
		x.deliver()
		e, ok := x.engine.Next()
		if !ok {
			return env.Tick{}, false
		}
		for _, in := range x.tell(e) {
			if err := x.Take(in); err != nil {
				x.tb.Fatalf("at %d: %v", e.At, err)
			}
		}
	}
}

// deliver takes what goes out to the engine.
func (x *wire) deliver() {
	for _, c := range x.Outgoing(stampOf) {
		x.acting, x.actsAt = &c, x.now+commandDelay
		x.engine.Command(x.actsAt, ms(c.Decision.IntervalMs))
	}
}

// tell turns an event into what comes over the wire.
func (x *wire) tell(e envtest.Event) []env.Input {
	x.now = e.At
	if x.acting != nil && x.now >= x.actsAt {
		x.agent.obey(*x.acting, x.acting.Decision.LeaseMs)
		x.acting = nil
	}
	x.agent.m.IntervalMs = e.Interval.Milliseconds()
	switch e.Kind {
	case envtest.Started:
		if x.sampled {
			return []env.Input{sampleAt(x.tb, e.At, "b:1", int64(e.Arrived)), x.agent.begin(e.At)}
		}
		return []env.Input{x.agent.begin(e.At)}
	case envtest.Ended:
		if e.Trigger.Outcome == env.Batch {
			return []env.Input{x.agent.progress(e.At, int64(e.Trigger.Rows)), x.agent.end(e.At, OutcomeBatch)}
		}
		return []env.Input{x.agent.end(e.At, OutcomeEmpty)}
	}
	in := []env.Input{sampleAt(x.tb, e.At, "b:1", int64(e.Arrived)), tickAt(e.At)}
	if e.At%1e9 == 0 {
		in = append(in, x.agent.heartbeat(e.At))
	}
	return in
}

// conforming opens a live environment of one query from a seed: some are
// capped, some hold data back.
func conforming(t *testing.T, skew int64) func(seed uint64) envtest.Harness {
	return func(seed uint64) envtest.Harness {
		cfg := envtest.EngineConfig{
			Seed: seed, Duration: 4 * time.Minute, Configured: 2 * time.Second, Period: env.DefaultPeriod,
			Overhead: 250 * time.Millisecond, PerRow: 200 * time.Microsecond, Busy: 200,
		}
		source := SourceOptions{Subscribe: "orders"}
		switch seed % 4 {
		case 1:
			cfg.Cap, source.MaxOffsetsPerTrigger = 400, "400"
		case 2:
			cfg.Floor, source.MinOffsetsPerTrigger = 20, "20"
		}
		settings := env.Settings{
			Weights: env.Weights{Latency: 1, Empty: 0.1, Batch: 0.1, Backlog: 1, Miss: 1, Switch: 0.01},
			Target:  time.Second, Grace: 300 * time.Millisecond, Ladder: ladder(t), Period: env.DefaultPeriod,
		}
		o := options(t)
		o.Resolve = func(env.QueryKey, time.Duration) (Resolved, bool) {
			return Resolved{Settings: settings, Command: true}, true
		}
		w := &world{Environment: New(o), tb: t}
		a := newAgent(t, "shop/orders", "r")
		a.skew, a.delay = skew, 0
		w.feed(env.Input{Kind: env.InputCaughtUp}, a.started(0, source), sampleAt(t, 0, "b:1", 0))
		engine := envtest.NewEngine(cfg)
		x := &wire{world: w, engine: engine, agent: a, sampled: cfg.Floor > 0}
		return envtest.Harness{Environment: x, Truth: &engine.Truth, Settings: settings}
	}
}

func TestLiveQueriesConform(t *testing.T) {
	envtest.Run(t, conforming(t, -9*3600e9)) // the driver's clock is its own
}
