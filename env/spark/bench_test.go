package spark

import (
	"fmt"
	"testing"

	"rubato/env"
)

// warm is a world of n queries that have run their warm-up.
func warm(b *testing.B, n int) (*world, []*agent) {
	b.Helper()
	w := newWorld(b)
	agents := make([]*agent, n)
	for i := range agents {
		agents[i] = newAgent(b, fmt.Sprintf("shop/q%03d", i), fmt.Sprint("r", i))
		w.feed(agents[i].started(at(0.5), SourceOptions{Subscribe: "orders"}))
		for j := range 4 {
			w.feed(agents[i].batch(at(1+float64(j)), 100)...)
		}
	}
	w.feed(sampleAt(b, at(6), "b:1", 400))
	w.ticks, w.sent = nil, nil
	return w, agents
}

// BenchmarkTriggerEndToTick takes a trigger's end, decoding included, and
// hands out its tick. The turn's start is taken beside the clock.
func BenchmarkTriggerEndToTick(b *testing.B) {
	w, agents := warm(b, 1)
	a := agents[0]
	starts, ends := make([]env.Input, b.N), make([]env.Input, b.N)
	for i := range b.N {
		t := at(7 + float64(i)/10)
		starts[i], ends[i] = a.begin(t), a.end(t+5e6, OutcomeEmpty)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		b.StopTimer()
		if err := w.Take(starts[i]); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := w.Take(ends[i]); err != nil {
			b.Fatal(err)
		}
		if _, ok := w.Next(); !ok {
			b.Fatal("no tick")
		}
	}
}

// BenchmarkTick hands out the ticks of a decision period of 100 queries;
// the time is that of one tick with its act.
func BenchmarkTick(b *testing.B) {
	const queries = 100
	w, _ := warm(b, queries)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; {
		if err := w.Take(env.Input{At: at(7 + float64(i)/queries*1e-6), Kind: env.InputPeriod}); err != nil {
			b.Fatal(err)
		}
		for {
			t, ok := w.Next()
			if !ok {
				break
			}
			w.Act(t.Query, 3)
			i++
		}
	}
}

// BenchmarkDecode reads a trigger's end.
func BenchmarkDecode(b *testing.B) {
	a := newAgent(b, "k", "r")
	a.begin(at(1))
	in := a.end(at(2), OutcomeBatch)
	b.SetBytes(int64(len(in.Value)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(in.Value); err != nil {
			b.Fatal(err)
		}
	}
}
