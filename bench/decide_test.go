package bench

import (
	"testing"
	"time"

	"rubato/agent"
	"rubato/bench/stage"
	"rubato/env"
	"rubato/env/forecast"
)

// follow is a tracker of one query on a ladder from 0.2 s to 10 s.
func follow(b *testing.B) *env.Tracker {
	b.Helper()
	ladder, err := env.NewLadder(200*time.Millisecond, 10*time.Second)
	if err != nil {
		b.Fatal(err)
	}
	k := env.NewTracker("bench/q", "run", forecast.NewHolt(), 0)
	k.Configure(env.Settings{
		Weights: env.Weights{Latency: 1, Empty: 0.3, Batch: 0.3, Miss: 1}, Target: 5 * time.Second,
		Ladder: ladder, Grace: 10 * time.Second, Period: 200 * time.Millisecond,
	}, 2*time.Second)
	return k
}

// serve is a loop that serves a network twice as wide as the shipped one.
func serve(b *testing.B) *agent.Loop {
	b.Helper()
	artefact, err := stage.Artefact(1, false)
	if err != nil {
		b.Fatal(err)
	}
	l := agent.NewLoop()
	group := agent.GroupConfig{Name: "g", Mode: agent.Serve, PolicyName: agent.Learned, Artefact: artefact}
	if err := l.Configure([]agent.GroupConfig{group}, func(env.QueryKey) int { return 0 }); err != nil {
		b.Fatal(err)
	}
	return l
}

// BenchmarkTickToDecision is a decision period of one query: the sample that
// came in, the tick with its observation and its costs, features, forward pass,
// shield, and the rung commanded. A batch ends every ten ticks, the forecaster
// steps every five.
func BenchmarkTickToDecision(b *testing.B) {
	k, l := follow(b), serve(b)
	var (
		now   env.Time
		total float64
		tick  env.Tick
	)
	decide := func() {
		now += 2e8
		total += 20
		k.Arrived(now, total, true)
		if now%2e9 == 0 {
			k.TriggerStart(now, 2*time.Second)
			now += 2e8
			k.TriggerEnd(now, env.Batch, now, total, 200, false)
		}
		tick = k.Tick(now, 0)
		if step, command := l.Step(&tick); command {
			k.SetRung(step.Rung)
		}
	}
	for range 1000 { // the curve and the query's entry have grown
		decide()
	}
	b.ReportAllocs()
	for b.Loop() {
		decide()
	}
}
