package calibrate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"rubato/env"
	"rubato/env/sim"
)

// simulated records a simulated driver whose intervals are drawn anew every
// few seconds, as a recording of a real one is made.
func simulated(tb testing.TB, d sim.Driver, length time.Duration) []*Run {
	tb.Helper()
	ladder, err := env.NewLadder(100*time.Millisecond, 10*time.Second)
	if err != nil {
		tb.Fatal(err)
	}
	runs := make([]*Run, len(d.Queries))
	for i := range d.Queries {
		c, r := &d.Queries[i], &Run{App: "app"}
		runs[i] = r
		c.Query = env.QueryKey(fmt.Sprintf("app/q%d", i))
		r.Query, r.ID = c.Query, env.RunID(c.Query)
		c.Seed, c.Duration, c.Past = uint64(i), length, time.Hour
		c.Configured, c.Settings.Ladder = time.Second, ladder
		c.Load = func() sim.Load { return sim.NewBursty(200, 0.05) }
		c.OnTrigger = func(t sim.Trigger) {
			if t.Outcome != env.Batch {
				return
			}
			start, end := t.Start.Sub(0), t.End.Sub(0)
			r.Busy = append(r.Busy, Span{start, end})
			r.Batches = append(r.Batches, Batch{
				Number: uint64(len(r.Busy)), Start: start, End: end, Rows: t.Rows, Due: start, Arrived: math.NaN(),
			})
		}
	}
	s, err := sim.NewDriver(d)
	if err != nil {
		tb.Fatal(err)
	}
	rng, due := rand.New(rand.NewPCG(9, 9)), map[env.QueryKey]env.Time{}
	for tick, more := s.Next(); more; tick, more = s.Next() {
		if tick.At >= due[tick.Query] {
			due[tick.Query] = tick.At.Add(2 + 6*rng.Float64())
			s.Command(tick.Query, time.Duration(50*math.Exp(4.5*rng.Float64()))*time.Millisecond)
		}
	}
	return runs
}

func TestWhatTheSimulatorWasGivenIsRecovered(t *testing.T) {
	want := sim.Config{
		Overhead: 300 * time.Millisecond, PerRow: 2e-4, Noise: 0.15, Warmup: 6, Growth: 0.5,
		Straggler: sim.Straggler{Probability: 0.02, Factor: 5}, Snapshot: sim.Snapshot{Every: 10, Seconds: 0.6},
	}
	runs := simulated(t, sim.Driver{Queries: []sim.Config{want}}, 2*time.Hour)
	q := fitted(t, runs...).Queries[0]
	m := q.Model
	near(t, "overhead", m.Overhead.Seconds(), want.Overhead.Seconds(), 0.08)
	near(t, "time per row", m.PerRow, want.PerRow, 0.08)
	near(t, "noise", m.Noise, want.Noise, 0.15)
	near(t, "warm-up", m.Warmup, want.Warmup, 0.3)
	near(t, "growth", m.Growth, want.Growth, 0.25)
	near(t, "stragglers", m.Straggler.Probability, slowShare(runs[0].Batches, &want), 0.3)
	near(t, "their factor", m.Straggler.Factor, want.Straggler.Factor, 0.15)
	near(t, "snapshots", m.Snapshot.Seconds, want.Snapshot.Seconds, 0.1)
	if m.Snapshot.Every != want.Snapshot.Every || !q.Judged.Met() {
		t.Errorf("fitted %+v, judged %+v", m, q.Judged)
	}
}

// slowShare is the share of batches, snapshots left out, that took more than
// half of what a straggler takes. The simulator draws stragglers by the second
// in which a batch starts, so their share of the batches is not the
// probability.
func slowShare(batches []Batch, c *sim.Config) float64 {
	slow, all := 0.0, 0.0
	for _, b := range batches {
		if b.Number%uint64(c.Snapshot.Every) == 0 {
			continue
		}
		all++
		expected := c.Overhead.Seconds()*(1+c.Growth*b.Start/3600) + c.PerRow*b.Rows
		if b.End-b.Start > c.Straggler.Factor/2*expected {
			slow++
		}
	}
	return slow / all
}

func TestContentionIsRecovered(t *testing.T) {
	for _, want := range []sim.Driver{{Cores: 1}, {Cores: 1, Contention: 0.3}, {Cores: 1, Contention: 1}, {Cores: 2, Contention: 1}} {
		d := want
		for i := range 2 + int(want.Cores)/2 {
			d.Queries = append(d.Queries, sim.Config{
				Overhead: time.Duration(200+100*i) * time.Millisecond, PerRow: 1e-4 * float64(i+1), Noise: 0.1,
			})
		}
		r := fitted(t, simulated(t, d, 10*time.Minute)...)
		got := r.Driver
		if math.Abs(got.Contention-want.Contention) > 0.15*want.Contention+0.05 || want.Contention > 0 && got.Cores != want.Cores {
			t.Errorf("contention %v at %v cores: fitted %v at %v", want.Contention, want.Cores, got.Contention, got.Cores)
		}
		for i := range d.Queries {
			near(t, "overhead", got.Queries[i].Overhead.Seconds(), d.Queries[i].Overhead.Seconds(), 0.08)
			near(t, "time per row", got.Queries[i].PerRow, d.Queries[i].PerRow, 0.08)
			if j := r.Queries[i].Judged; j.Duration > 0.12 || j.Coverage < 0.83 {
				t.Errorf("contention %v: %+v", want.Contention, j)
			}
		}
	}
}

func TestTheJSONLoadsIntoTheSimulator(t *testing.T) {
	want := sim.Driver{Cores: 1, Contention: 0.5, Queries: []sim.Config{
		{Overhead: 100 * time.Millisecond, PerRow: 1e-4, Noise: 0.1}, {Overhead: time.Second, PerRow: 2e-4, Noise: 0.2},
	}}
	results := []Result{fitted(t, simulated(t, want, 5*time.Minute)...)}
	var text bytes.Buffer
	if err := JSON(&text, results); err != nil {
		t.Fatal(err)
	}
	var docs []struct{ Driver json.RawMessage }
	if err := json.Unmarshal(text.Bytes(), &docs); err != nil {
		t.Fatal(err)
	}
	var got sim.Driver
	strict := json.NewDecoder(bytes.NewReader(docs[0].Driver))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Cores != results[0].Driver.Cores || got.Contention != results[0].Driver.Contention || len(got.Queries) != 2 {
		t.Fatalf("got %+v", got)
	}
	for i, q := range got.Queries {
		m := results[0].Driver.Queries[i]
		back := Model{
			q.Query, q.Overhead, q.PerRow, q.Noise, q.Warmup, q.Straggler, q.Snapshot, q.Growth,
		}
		if back != m {
			t.Errorf("query %d: %+v became %+v", i, m, back)
		}
	}
}
