package sim_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"rubato/env"
	"rubato/env/sim"
)

// batches runs the query at its fixed interval, without noise and without
// time for rows, and returns its batches.
func batches(t *testing.T, c sim.Config) []sim.Trigger {
	t.Helper()
	c.Noise, c.PerRow, c.Configured = 0, 0, time.Second
	var out []sim.Trigger
	c.OnTrigger = func(x sim.Trigger) {
		if x.Outcome == env.Batch {
			out = append(out, x)
		}
	}
	open(t, c).Run()
	return out
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6*max(1, math.Abs(want)) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestFirstBatchesWarmUp(t *testing.T) {
	c := config(t, 1, loads["steady"])
	c.Warmup = 2
	for i, x := range batches(t, c)[:10] {
		near(t, "a batch", x.End.Sub(x.Start), 0.25*(1+2/float64(i+1)))
	}
}

func TestEachNthBatchSnapshots(t *testing.T) {
	c := config(t, 1, loads["steady"])
	c.Snapshot = sim.Snapshot{Every: 4, Seconds: 0.5}
	for i, x := range batches(t, c) {
		want := 0.25
		if i%4 == 3 {
			want = 0.75
		}
		near(t, "a batch", x.End.Sub(x.Start), want)
	}
}

func TestOverheadGrowsByTheHour(t *testing.T) {
	c := config(t, 1, loads["steady"])
	c.Growth = 2
	for _, x := range batches(t, c) {
		near(t, "a batch", x.End.Sub(x.Start), 0.25*(1+2*x.Start.Sub(0)/3600))
	}
}

func TestAPauseStopsBatchesAndStarts(t *testing.T) {
	c := config(t, 1, loads["steady"])
	c.Pause = sim.Pause{Every: 10, Length: 3}
	longer, late := 0, 0
	all := batches(t, c)
	for i, x := range all {
		if x.End.Sub(x.Start) > 0.26 {
			longer++
			near(t, "a batch in a pause", math.Mod(x.End.Sub(x.Start)-0.25, 3), 0)
		}
		if i > 0 && x.Start.Sub(all[i-1].Start) > max(1.001, all[i-1].End.Sub(all[i-1].Start)+1e-6) {
			late++
		}
	}
	if longer < 5 || late < 20 {
		t.Errorf("%d batches were stopped and %d starts put off in 20 minutes of pauses", longer, late)
	}
}

func TestStragglersAreRareAndSlow(t *testing.T) {
	c := config(t, 1, loads["steady"])
	c.Straggler = sim.Straggler{Probability: 0.05, Factor: 3}
	slow := 0
	all := batches(t, c)
	for _, x := range all {
		switch d := x.End.Sub(x.Start); {
		case math.Abs(d-0.75) < 1e-6:
			slow++
		case math.Abs(d-0.25) > 1e-6:
			t.Fatalf("a batch of %v s", d)
		}
	}
	if share := float64(slow) / float64(len(all)); share < 0.03 || share > 0.07 {
		t.Errorf("%.3f of the batches straggle, want 0.05", share)
	}
}

func TestSlowBatchesAreNoticed(t *testing.T) {
	c := config(t, 1, loads["steady"])
	c.Snapshot, c.Noise = sim.Snapshot{Every: 10, Seconds: 2}, 0.05
	s := open(t, c)
	var o env.Observation
	due, slow := 0, 0
	for {
		tick, ok := s.Next()
		if !ok {
			break
		}
		o = tick.Observation
		if tick.Cost.Batch == 1 && s.Score(0).Batches > 30 && o.BatchLast > 1.5 {
			slow++
			if o.SlowSince == 0 {
				due++
			}
		}
	}
	if math.Abs(o.SlowEvery-10) > 0.5 || math.Abs(o.SlowExtra-2) > 0.3 || slow == 0 || due < slow {
		t.Errorf("each %v-th batch is %v s longer, noticed %d of %d", o.SlowEvery, o.SlowExtra, due, slow)
	}
}

func TestBatchesArePricedByTheirSize(t *testing.T) {
	c := config(t, 1, loads["steady"])
	c.Settings.FullBatch = 1000
	want := 0.0
	c.OnTrigger = func(x sim.Trigger) {
		if x.Outcome == env.Batch {
			want += 1 - 0.9*min(x.Rows/1000, 1)
		}
	}
	s := open(t, c)
	told, priced := 0.0, false
	for {
		tick, ok := s.Next()
		if !ok {
			break
		}
		told += tick.Cost.Batch
		o := &tick.Observation
		near(t, "the next price", o.NextPrice, 1-0.9*min(o.NextRows/1000, 1))
		priced = priced || o.NextPrice < 0.9
	}
	score := s.Score(0)
	near(t, "told", told, want)
	near(t, "scored", score.Batch, want)
	if score.Batches < 100 || score.Batch > 0.9*score.Batches || !priced {
		t.Errorf("%v batches count %v", score.Batches, score.Batch)
	}
}

// The leftover queue is charged what serving it takes: an end in the midst of
// a run costs what the same events cost when they are served after it.
func TestTheLeftoverQueueIsCharged(t *testing.T) {
	c := config(t, 1, nil)
	c.Load = func() sim.Load { return &until{rate: 200, seconds: 30} }
	c.Noise, c.Cap, c.Reference, c.PerRow = 0, 100, 100, 0.01 // 80 events/s
	c.Settings.Target, c.Settings.Grace, c.Configured = 5*time.Second, time.Second, time.Millisecond
	c.Duration = 31 * time.Second
	short := open(t, c)
	short.Run()
	c.Duration = 200 * time.Second
	long := open(t, c)
	long.Run()
	whole := func(s sim.Score) env.Components { return s.Add(s.Leftover) }
	a, b := whole(short.Score(0)), whole(long.Score(0))
	for what, x := range map[string][2]float64{
		"latency": {a.Latency, b.Latency}, "miss": {a.Miss, b.Miss}, "batches": {a.Batch, b.Batch}, "backlog": {a.Backlog, b.Backlog},
	} {
		if math.Abs(x[0]/x[1]-1) > 0.02 {
			t.Errorf("%s: %v with the queue left at the end, %v served", what, x[0], x[1])
		}
	}
	x, y := short.Latency(0), long.Latency(0)
	if short.Score(0).Leftover.Batch < 10 || math.Abs(x.Mean()/y.Mean()-1) > 0.02 || math.Abs(x.Quantile(0.95)/y.Quantile(0.95)-1) > 0.05 {
		t.Errorf("mean %v and %v s, p95 %v and %v s", x.Mean(), y.Mean(), x.Quantile(0.95), y.Quantile(0.95))
	}
}

// until is a load that ends.
type until struct {
	rate    float64
	seconds int
}

func (u *until) Next(*rand.Rand) float64 {
	u.seconds--
	if u.seconds < 0 {
		return 0
	}
	return u.rate
}

func TestLatencyIsThatOfTheEvents(t *testing.T) {
	c := config(t, 1, loads["bursty"])
	var arrived []env.Time
	var delays []float64
	c.OnArrival = func(at env.Time, n float64) {
		for range int(n) {
			arrived = append(arrived, at)
		}
	}
	c.OnTrigger = func(x sim.Trigger) {
		for len(delays) < int(x.Committed) {
			delays = append(delays, x.End.Sub(arrived[len(delays)]))
		}
	}
	s := open(t, c)
	s.Run()
	l := s.Latency(0)
	if left := l.Events() - float64(len(delays)); left < 0 || left > 200 {
		t.Fatalf("%v events, %d served", l.Events(), len(delays))
	}
	sum := 0.0
	for _, d := range delays {
		sum += d
	}
	slices.Sort(delays)
	n := float64(len(delays))
	if math.Abs(l.Mean()/(sum/n)-1) > 0.005 {
		t.Errorf("a mean of %v s, want %v", l.Mean(), sum/n)
	}
	for _, p := range []float64{0.05, 0.5, 0.95, 0.99} {
		if want := delays[int(p*n)]; math.Abs(l.Quantile(p)/want-1) > 0.02 {
			t.Errorf("quantile %v is %v s, want %v", p, l.Quantile(p), want)
		}
	}
}
