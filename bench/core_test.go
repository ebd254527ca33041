package bench

import (
	"encoding/json"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"rubato/bench/pretend"
	"rubato/bench/stage"
	"rubato/configs"
	"rubato/env"
	"rubato/env/arrivals"
	"rubato/env/spark"
	"rubato/internal/app"
	"rubato/replay"
)

const (
	queries  = 100
	interval = 2 * time.Second
	period   = 200 * time.Millisecond
	brokers  = "127.0.0.1:9"
)

// scene is a Core in serve mode and the queries that it tunes.
type scene struct {
	core                *app.Core
	queries             []*pretend.Query
	now                 time.Time
	events              int64
	decisions           int
	inTicks, inMessages time.Duration
	ticked, messages    int
	err                 error // the first; it ends the scene
}

func newScene(b *testing.B) *scene {
	b.Helper()
	dir := b.TempDir()
	artefact, err := stage.WritePolicy(dir, 1, false)
	if err != nil {
		b.Fatal(err)
	}
	path, err := stage.Write(dir, stage.Settings{
		Brokers: []string{brokers}, HTTP: "127.0.0.1:0", Mode: "serve", Artefact: artefact, Bounds: "{min: 0.1x, max: 5x}",
	})
	if err != nil {
		b.Fatal(err)
	}
	policy, err := os.ReadFile(artefact)
	if err != nil {
		b.Fatal(err)
	}
	cfg, err := configs.Load(path, app.Known())
	if err != nil {
		b.Fatal(err)
	}
	effective, err := cfg.Effective()
	if err != nil {
		b.Fatal(err)
	}
	s := &scene{now: time.Unix(1_800_000_000, 0)}
	s.core = app.NewCore(app.Hooks{Step: func(*replay.Step) { s.decisions++ }, Command: s.obey})
	value, err := json.Marshal(map[string]any{"config": string(effective), "policies": map[string][]byte{artefact: policy}})
	if err != nil {
		b.Fatal(err)
	}
	s.take(env.Input{Kind: env.InputConfig, Value: value})
	s.take(env.Input{Kind: env.InputStart, Value: []byte(`{"epoch":1}`)})
	s.take(env.Input{Kind: env.InputCaughtUp})
	for i := range queries {
		q := pretend.New(i, interval)
		s.queries = append(s.queries, q)
		s.message(q)(q.Started(s.now))
	}
	for n := range 100 { // 20 s: warm-up and growth are over
		s.turn(n)
	}
	if s.err != nil || s.decisions == 0 {
		b.Fatalf("%d decisions: %v", s.decisions, s.err)
	}
	s.decisions, s.ticked, s.messages, s.inTicks, s.inMessages = 0, 0, 0, 0, 0
	return s
}

// take times an input's way through the Core.
func (s *scene) take(in env.Input) time.Duration {
	in.At = env.Time(s.now.UnixNano())
	began := time.Now()
	err := s.core.Take(&in)
	took := time.Since(began)
	if s.err == nil {
		s.err = err
	}
	return took
}

// obey is the agent's side of a command, at once.
func (s *scene) obey(c spark.Command) {
	for _, q := range s.queries {
		if q.Key == string(c.Query) {
			q.Apply(c.Decision)
		}
	}
}

// message takes one of a query's messages.
func (s *scene) message(q *pretend.Query) func([]byte, error) {
	return func(value []byte, err error) {
		if err != nil && s.err == nil {
			s.err = err
		}
		s.inMessages += s.take(env.Input{Kind: env.InputMessage, Key: q.Key, Value: value})
		s.messages++
	}
}

// turn is one decision period: a tenth of the queries run a batch, a fifth send
// a heartbeat, the topic's end offset comes in, and every query ticks.
func (s *scene) turn(n int) {
	s.now = s.now.Add(period / 2)
	s.events += 20
	for i, q := range s.queries {
		send := s.message(q)
		if i%10 == n%10 {
			send(q.Begin(s.now))
			progress, end, err := q.Batch(s.now.Add(period/4), s.events)
			send(progress, err)
			send(end, nil)
		}
		if i%5 == n%5 {
			send(q.Heartbeat(s.now))
		}
	}
	s.now = s.now.Add(period / 2)
	sample := arrivals.Sample{V: 1, Brokers: brokers, Topics: []arrivals.Topic{{
		Name: pretend.Topic, Partitions: []arrivals.Partition{{End: s.events}},
	}}}
	value, err := sample.Encode()
	if err != nil && s.err == nil {
		s.err = err
	}
	s.inMessages += s.take(env.Input{Kind: env.InputOffsets, Value: value})
	before := s.decisions
	s.inTicks += s.take(env.Input{Kind: env.InputPeriod})
	s.ticked += s.decisions - before
}

// BenchmarkServe runs Cores in serve mode, one on each core, as when queries
// are shared out over tuners: each has 100 queries, decides every 0.2 s and at
// every trigger's end, and takes every message that the agents send. Time is
// counted in Core.Take alone, not in making the messages.
//
// An operation is a decision with its share of the messages.
// "undecoded/s" are the decisions of timed ticks alone, of all cores, where
// nothing is decoded; "decoded/s" are all decisions over all of Take's time,
// decoding included.
func BenchmarkServe(b *testing.B) {
	cores := runtime.GOMAXPROCS(0)
	scenes := make([]*scene, cores)
	for i := range scenes {
		scenes[i] = newScene(b)
	}
	b.ResetTimer()
	var all sync.WaitGroup
	for _, s := range scenes {
		all.Go(func() {
			for n := 0; s.err == nil && s.decisions < b.N/cores+1; n++ {
				s.turn(n)
			}
		})
	}
	all.Wait()
	b.StopTimer()
	var undecoded, decoded, message float64
	for _, s := range scenes {
		if s.err != nil {
			b.Fatal(s.err)
		}
		undecoded += float64(s.ticked) / s.inTicks.Seconds()
		decoded += float64(s.decisions) / (s.inTicks + s.inMessages).Seconds()
		message += s.inMessages.Seconds() / float64(s.messages) / float64(cores)
		s.core.Close()
	}
	b.ReportMetric(undecoded, "undecoded/s")
	b.ReportMetric(decoded, "decoded/s")
	b.ReportMetric(message*1e6, "µs/message")
	b.ReportMetric(float64(cores)*1e9/decoded, "ns/op")
}
