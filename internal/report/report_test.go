package report

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rubato/env"
)

var origin = time.UnixMilli(1_700_000_000_000)

func at10(ms int64) time.Time { return origin.Add(time.Duration(ms) * time.Millisecond) }

// observed is small enough to work out by hand. Window [10 s, 20 s).
//
//	event        produced   taken by batch ending   latency
//	p0 offset 0   9.900 s   (before the window)
//	p0 offset 1  10.000 s   12.0 s                  2000 ms
//	p1 offset 0  11.000 s   12.0 s                  1000 ms
//	p0 offset 2  12.500 s   15.0 s                  2500 ms
//	p1 offset 1  19.999 s   21.0 s                  1001 ms
//	p1 offset 2  20.000 s   (after the window)
//
// Sum 6501 ms of 4 events, mean 1625.25 ms, p95 2500 ms.
func observed() Observed {
	return Observed{
		From: at10(10_000), To: at10(20_000),
		Events: []Event{
			{0, 0, at10(9_900)}, {0, 1, at10(10_000)}, {1, 0, at10(11_000)},
			{0, 2, at10(12_500)}, {1, 1, at10(19_999)}, {1, 2, at10(20_000)},
		},
		Batches: []Batch{
			{Ended: at10(9_950), Ranges: map[int32]Range{0: {0, 1}}},
			{Ended: at10(12_000), Ranges: map[int32]Range{0: {1, 2}, 1: {0, 1}}},
			{Ended: at10(15_000), Ranges: map[int32]Range{0: {2, 3}, 1: {1, 1}}},
			{Ended: at10(21_000), Ranges: map[int32]Range{0: {3, 3}, 1: {1, 3}}},
		},
		Counters: []Counters{
			{at10(8_000), 4, 3, 1}, {at10(9_950), 5, 3, 2}, // before the window
			{at10(10_000), 6, 4, 2}, {at10(12_000), 7, 4, 3}, {at10(15_000), 8, 4, 4}, {at10(17_000), 9, 5, 4},
			{at10(20_000), 10, 6, 4}, {at10(21_000), 11, 6, 5}, // after it
		},
		Weights: env.Weights{Latency: 2, Batch: 0.5, Empty: 0.25, Backlog: 100, Miss: 100, Switch: 100},
	}
}

func TestFiguresAreThoseWorkedOutByHand(t *testing.T) {
	got, err := Measure(observed())
	if err != nil {
		t.Fatal(err)
	}
	// 2 x 1.62525 s + 0.5 x 2 batches / 10 s + 0.25 x 2 empties / 10 s.
	want := Half{
		MeanLatencyMs: 1625.25, P50LatencyMs: 1001, P95LatencyMs: 2500, P99LatencyMs: 2500, Triggers: 4, EmptyTriggers: 2, Batches: 2,
		Seconds: 10, Events: 4, CostRate: 3.2505 + 0.1 + 0.05,
	}
	if math.Abs(got.CostRate-want.CostRate) > 1e-12 {
		t.Fatalf("cost rate %v, want %v", got.CostRate, want.CostRate)
	}
	if got.CostRate = want.CostRate; got != want {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

func TestUnreportedBatchCountsWithTheNextAndIsTold(t *testing.T) {
	o := observed()
	o.Batches = append(o.Batches[:1], o.Batches[2:]...) // the one that ended at 12 s
	got, err := Measure(o)
	if err != nil {
		t.Fatal(err)
	}
	// p0 offset 1 counts with 15 s: 5000 ms; p1 offset 0 with 15 s: 4000 ms.
	if got.Inferred != 2 || got.Untaken != 0 || got.Events != 4 || got.MeanLatencyMs != (5000+4000+2500+1001)/4.0 {
		t.Fatalf("got %+v", got)
	}
}

func TestEventThatNoBatchTookIsLeftOutAndIsTold(t *testing.T) {
	o := observed()
	o.Batches = o.Batches[:3]
	got, err := Measure(o)
	if err != nil {
		t.Fatal(err)
	}
	if got.Untaken != 1 || got.Inferred != 0 || got.Events != 3 || got.MeanLatencyMs != 5500/3.0 {
		t.Fatalf("got %+v", got)
	}
}

func TestHalfWithoutEventsHasOnlyItsTriggersToPay(t *testing.T) {
	o := observed()
	o.Events, o.Batches = nil, nil
	got, err := Measure(o)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Half{Triggers: 4, EmptyTriggers: 2, Batches: 2, Seconds: 10, CostRate: 0.1 + 0.05}); math.Abs(got.CostRate-want.CostRate) > 1e-12 || got.Events != 0 || got.MeanLatencyMs != 0 {
		t.Fatalf("got %+v", got)
	}
}

func TestWindowThatCannotBeMeasuredIsAnError(t *testing.T) {
	for name, spoil := range map[string]func(*Observed){
		"empty window":             func(o *Observed) { o.To = o.From },
		"no totals before it":      func(o *Observed) { o.Counters = o.Counters[2:] },
		"no totals at all":         func(o *Observed) { o.Counters = nil },
		"totals that go back":      func(o *Observed) { o.Counters[5].EmptyTriggers = 0 },
		"triggers that start anew": func(o *Observed) { o.Counters[5].Triggers = 1 },
	} {
		o := observed()
		spoil(&o)
		if h, err := Measure(o); err == nil {
			t.Errorf("%s: got %+v", name, h)
		}
	}
}

func TestQuantileIsByNearestRank(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	for q, want := range map[float64]float64{0: 1, 0.2: 1, 0.21: 2, 0.5: 3, 0.95: 5, 1: 5} {
		if got := Quantile(values, q); got != want {
			t.Errorf("%v-quantile is %v, want %v", q, got, want)
		}
	}
	if got := Quantile(nil, 0.5); got != 0 {
		t.Errorf("of none: %v", got)
	}
}

// TestMeanLatencyIsLittlesIntegral checks the figures against another way to
// work them out: the integral of outstanding events over the rate.
func TestMeanLatencyIsLittlesIntegral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "events")
		o := Observed{From: at10(0), To: at10(10_000), Counters: []Counters{{At: at10(-1)}}, Weights: env.Weights{Latency: 1}}
		var now int64
		for i := range n {
			now = min(now+rapid.Int64Range(0, 200).Draw(t, "gap"), 9_999)
			o.Events = append(o.Events, Event{0, int64(i), at10(now)})
		}
		ends := map[int64]int64{} // end of batch by the offset it reached
		for taken, end := int64(0), int64(0); taken < int64(n); {
			to := min(taken+rapid.Int64Range(1, 9).Draw(t, "rows"), int64(n))
			end = max(end+1, o.Events[to-1].At.Sub(origin).Milliseconds()+rapid.Int64Range(1, 3000).Draw(t, "took"))
			o.Batches = append(o.Batches, Batch{Ended: at10(end), Ranges: map[int32]Range{0: {taken, to}}})
			ends[to] = end
			taken = to
		}
		h, err := Measure(o)
		if err != nil {
			t.Fatal(err)
		}
		// Outstanding events, summed over each ms.
		var integral float64
		for ms := int64(0); ms < 60_000; ms++ {
			var arrived, done int64
			for _, e := range o.Events {
				if !e.At.After(at10(ms)) {
					arrived++
				}
			}
			for to, end := range ends {
				if end <= ms {
					done = max(done, to)
				}
			}
			integral += float64(arrived - done)
			if done == int64(n) {
				break
			}
		}
		rate := float64(n) / h.Seconds
		if little := integral / 1e3 / rate / h.Seconds; math.Abs(little-h.CostRate) > 1e-9*(1+little) {
			t.Fatalf("integral says %v, figures say %v", little, h.CostRate)
		}
	})
}

func result() Result {
	return Result{
		Seed:      1,
		Before:    Half{MeanLatencyMs: 1200.4, P95LatencyMs: 2100, Triggers: 45, EmptyTriggers: 10, Batches: 35, Seconds: 90, Events: 18000, CostRate: 1.25},
		After:     Half{MeanLatencyMs: 600.2, P95LatencyMs: 1050, Triggers: 90, EmptyTriggers: 0, Batches: 90, Seconds: 90, Events: 18010, CostRate: 1},
		Decisions: Decisions{Applied: 120, Overridden: 3, RoundTripMsP50: 0.62, RoundTripMsP99: 2.44},
	}
}

func TestTableShowsBothHalvesAndTheChange(t *testing.T) {
	const want = `                            before    after     change
   mean event latency, ms     1200      600    -50.0 %
    p95 event latency, ms     2100     1050    -50.0 %
                 triggers       45       90   +100.0 %
           empty triggers       10        0   -100.0 %
                  batches       35       90   +157.1 %
   weighted cost a second   1.2500   1.0000    -20.0 %
                   events    18000    18010
         seconds measured       90       90

120 decisions applied, 3 overridden by the shield; round trip p50 0.6 ms, p99 2.4 ms (seed 1)
Tuned, the weighted cost was lower (-20.0 %), paid for with more batches.
`
	if got := result().Table(); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

func TestVerdictIsHonest(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(*Result)
		want  string
	}{
		{"worse", func(r *Result) { r.After.CostRate = 1.5 }, "After is not better: tuned, the weighted cost was higher (+20.0 %)"},
		{"same", func(r *Result) { r.After.CostRate = r.Before.CostRate }, "After is not better: tuned, the weighted cost was the same"},
		{"from nothing", func(r *Result) { r.Before.CostRate = 0 }, "higher (was 0)"},
		{"no price", func(r *Result) { r.After.Batches = 1 }, "lower (-20.0 %).\n"},
		{"all worse but the sum", func(r *Result) { r.After.MeanLatencyMs, r.After.EmptyTriggers = 1300, 11 }, "paid for with more latency and empty triggers and batches."},
		{"nothing measured", func(r *Result) { r.After.Events = 0 }, "says nothing about tuning"},
		{"untaken", func(r *Result) { r.Before.Untaken = 7 }, `Not exact: 7 events of "before" were taken by no batch`},
		{"inferred", func(r *Result) { r.After.Inferred = 8 }, `Not exact: the batch of 8 events of "after" was not reported`},
	} {
		r := result()
		tc.spoil(&r)
		if got := r.Table(); !strings.Contains(got, tc.want) {
			t.Errorf("%s: does not say %q:\n%s", tc.name, tc.want, got)
		}
	}
}

func TestJSONHasTheAgreedShape(t *testing.T) {
	b, err := json.Marshal(result())
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"seed":1,` +
		`"before":{"meanLatencyMs":1200.4,"p95LatencyMs":2100,"triggers":45,"emptyTriggers":10,"batches":35,"seconds":90,"events":18000,"costRate":1.25},` +
		`"after":{"meanLatencyMs":600.2,"p95LatencyMs":1050,"triggers":90,"emptyTriggers":0,"batches":90,"seconds":90,"events":18010,"costRate":1},` +
		`"decisions":{"applied":120,"overridden":3,"roundTripMsP50":0.62,"roundTripMsP99":2.44}}`
	if string(b) != want {
		t.Fatalf("got\n%s\nwant\n%s", b, want)
	}
}
