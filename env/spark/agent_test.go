package spark

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"rubato/env"
	"rubato/env/arrivals"
	"rubato/env/forecast"
)

// agent speaks for one run, as the Java agent does. Its clocks have nothing to
// do with the tuner's.
type agent struct {
	tb  testing.TB
	key string
	// skew is the driver's monotonic clock minus the tuner's, wall its wall
	// clock minus the tuner's, delay the way through the broker, ns.
	skew, wall, delay int64

	m         Message
	offset    int64 // committed so far
	nextBatch int64
	// counted is set once the batch in course is in the counters: the agent
	// counts it when it ends, before Spark posts its progress.
	counted bool
}

func newAgent(tb testing.TB, key, run string) *agent {
	tb.Helper()
	return &agent{tb: tb, key: key, skew: -1e15, wall: 3 * 3600 * 1e9, delay: 1e6, m: Message{
		V: 1, Run: env.RunID(run), Phase: PhaseWaiting, IntervalMs: 2000, ConfiguredMs: 2000,
	}}
}

// send numbers and seals a message that tells of the moment at.
func (a *agent) send(at env.Time, m Message) env.Input {
	a.m.Seq++
	m.Seq, m.MonoNs, m.WallMs = a.m.Seq, int64(at)+a.skew, (int64(at)+a.wall)/1e6
	b, err := json.Marshal(m)
	if err != nil {
		a.tb.Fatalf("encode %s: %v", m.Type, err)
	}
	return env.Input{At: at + env.Time(a.delay), Kind: env.InputMessage, Key: a.key, Value: b}
}

// started introduces a query with one Kafka source.
func (a *agent) started(at env.Time, options SourceOptions) env.Input {
	return a.introduce(at, Source{Name: "kafka", Options: options})
}

func (a *agent) introduce(at env.Time, source Source) env.Input {
	m := a.m
	m.Type, m.AppID, m.AppName, m.Name = Started, "app-1", "shop", "orders"
	m.TriggerType, m.Manageable, m.HooksActive = "ProcessingTime", true, true
	m.Sources = []Source{source}
	return a.send(at, m)
}

func (a *agent) begin(at env.Time) env.Input {
	a.m.Counters.Triggers++
	a.m.Phase = PhaseBatch
	mono, wall := int64(at)+a.skew, (int64(at)+a.wall)/1e6
	a.m.TriggerStartMonoNs, a.m.TriggerStartMs = &mono, &wall
	m := a.m
	m.Type, m.Edge = Trigger, EdgeStart
	return a.send(at, m)
}

func (a *agent) progress(at env.Time, rows int64) env.Input {
	start := fmt.Sprintf(`{"orders":{"0":%d}}`, a.offset)
	a.offset += rows
	end := fmt.Sprintf(`{"orders":{"0":%d}}`, a.offset)
	return a.progressJSON(at, fmt.Sprintf(`{"batchId":%d,"numInputRows":%d,"timestamp":"2026-01-01T00:00:00.000Z",`+
		`"durationMs":{"addBatch":100,"triggerExecution":150},"sources":[{"description":"KafkaV2[Subscribe[orders]]",`+
		`"startOffset":%s,"endOffset":%s,"latestOffset":%s,"numInputRows":%d}],"sink":{"description":"noop"}}`,
		a.nextBatch, rows, start, end, end, rows))
}

func (a *agent) progressJSON(at env.Time, progress string) env.Input {
	if a.m.Phase == PhaseBatch && !a.counted {
		a.m.Counters.Batches++
		a.counted = true
	}
	m := a.m
	m.Type, m.Progress = Progressed, json.RawMessage(progress)
	return a.send(at, m)
}

func (a *agent) end(at env.Time, outcome string) env.Input {
	a.m.Phase = PhaseWaiting
	m := &a.m
	switch outcome {
	case OutcomeEmpty:
		m.Counters.EmptyTriggers++
	case OutcomeBatch:
		if !a.counted {
			m.Counters.Batches++
		}
	}
	a.counted = false
	e := a.m
	e.Type, e.Edge, e.Outcome = Trigger, EdgeEnd, outcome
	if outcome == OutcomeBatch {
		id, mono := a.nextBatch, int64(at)+a.skew
		e.BatchID, e.BatchEndMonoNs = &id, &mono
		a.nextBatch++
	}
	return a.send(at, e)
}

func (a *agent) heartbeat(at env.Time) env.Input {
	m := a.m
	m.Type, m.Stats = Heartbeat, &Stats{}
	return a.send(at, m)
}

func (a *agent) terminated(at env.Time) env.Input {
	m := a.m
	m.Type = Terminated
	return a.send(at, m)
}

// batch is one whole turn of rows, 150 ms long.
func (a *agent) batch(at env.Time, rows int64) []env.Input {
	end := at + 150e6
	return []env.Input{a.begin(at), a.progress(end, rows), a.end(end, OutcomeBatch)}
}

func (a *agent) empty(at env.Time) []env.Input {
	return []env.Input{a.begin(at), a.end(at+5e6, OutcomeEmpty)}
}

func tickAt(at env.Time) env.Input { return env.Input{At: at, Kind: env.InputPeriod} }

func sampleAt(tb testing.TB, at env.Time, brokers string, ends ...int64) env.Input {
	topic := arrivals.Topic{Name: "orders"}
	for i, end := range ends {
		topic.Partitions = append(topic.Partitions, arrivals.Partition{ID: int32(i), End: end})
	}
	s := arrivals.Sample{V: 1, Brokers: brokers, Topics: []arrivals.Topic{topic}}
	b, err := s.Encode()
	if err != nil {
		tb.Fatal(err)
	}
	return env.Input{At: at, Kind: env.InputOffsets, Value: b}
}

// world is an environment under test and all that came out of it.
type world struct {
	*Environment
	tb    testing.TB
	ticks []env.Tick
	sent  []Command
	errs  []error
	// act, if set, answers a tick.
	act func(env.Tick) (rung int)
}

func ladder(tb testing.TB) env.Ladder {
	tb.Helper()
	l, err := env.NewLadder(200*time.Millisecond, 10*time.Second)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

func options(tb testing.TB) EnvironmentOptions {
	l := ladder(tb)
	return EnvironmentOptions{
		Brokers:    []string{"b:1"},
		Forecaster: func() env.Forecaster { return forecast.NewHolt() },
		Resolve: func(env.QueryKey, time.Duration) (Resolved, bool) {
			return Resolved{Command: true, Settings: env.Settings{
				Weights: env.Weights{Latency: 1, Empty: 0.1, Batch: 0.1}, Ladder: l, Grace: 10 * time.Second,
			}}, true
		},
	}
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{Environment: New(options(tb)), tb: tb}
	w.feed(env.Input{Kind: env.InputStart, Value: []byte(`{"epoch":1}`)}, env.Input{Kind: env.InputCaughtUp})
	return w
}

func stampOf(env.QueryKey) Stamp { return Stamp{Policy: "rule", Mode: "learn"} }

// feed takes inputs, drains the ticks, answers them, and sends what goes out.
// What is not finite fails the test wherever it comes from.
func (w *world) feed(inputs ...env.Input) {
	for _, in := range inputs {
		if err := w.Take(in); err != nil {
			w.errs = append(w.errs, err)
		}
		for {
			t, ok := w.Next()
			if !ok {
				break
			}
			checkTick(w.tb, &t)
			w.ticks = append(w.ticks, t)
			if w.act != nil {
				w.Act(t.Query, w.act(t))
			}
		}
		w.sent = append(w.sent, w.Outgoing(stampOf)...)
	}
}

// refused counts the inputs that were skipped for a reason.
func refused(w *world, reason error) (n int) {
	for _, err := range w.errs {
		if errors.Is(err, reason) {
			n++
		}
	}
	return n
}

// last is the newest tick.
func (w *world) last() env.Tick {
	w.tb.Helper()
	if len(w.ticks) == 0 {
		w.tb.Fatal("no tick")
	}
	return w.ticks[len(w.ticks)-1]
}

// checkTick fails where a figure is negative or not finite: JSON refuses the
// latter.
func checkTick(tb testing.TB, t *env.Tick) {
	if _, err := json.Marshal(t); err != nil {
		tb.Fatalf("tick of %s at %d: %v", t.Query, t.At, err)
	}
	o := &t.Observation
	for name, v := range map[string]float64{
		"outstanding": o.Outstanding, "waited": o.Waited, "oldest": o.OldestAge, "idle": o.Idle,
		"sightAge": o.SightAge, "r2": o.R2, "r15": o.R15, "elapsed": t.Elapsed,
		"latency": t.Cost.Latency, "empty": t.Cost.Empty, "batch": t.Cost.Batch, "backlog": t.Cost.Backlog,
	} {
		if v < 0 {
			tb.Fatalf("tick of %s at %d: %s is %v", t.Query, t.At, name, v)
		}
	}
}
