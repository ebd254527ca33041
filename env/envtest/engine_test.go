package envtest

import (
	"math"
	"testing"
	"time"

	"rubato/env"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// Three events at 1 s, one at 2 s; a batch of two from 3 s to 4 s, the rest by
// 6 s. An empty trigger ends at 7 s.
func TestReferenceMatchesHandComputedCosts(t *testing.T) {
	x := &Truth{
		Arrivals: []Arrival{{1e9, 3}, {2e9, 1}},
		Triggers: []Trigger{
			{Start: 3e9, End: 4e9, Outcome: env.Batch, Rows: 2, Committed: 2},
			{Start: 5e9, End: 6e9, Outcome: env.Batch, Rows: 2, Committed: 4},
			{Start: 7e9, End: 7e9, Outcome: env.Empty, Committed: 4},
		},
	}
	p := prices{reference: 2, overhead: 1, perRow: 1, limit: 3, grace: 2, target: 2}
	ref := newReference(x)
	c, d := ref.step(0, 5e9, p)
	near(t, "latency", c.Latency, (2*3+1*4+1*3)/2.)
	near(t, "late from 3 s: two for 1 s, one for 2 s; from 4 s: one for 1 s", c.Miss, (2+2+1)/2.)
	// 3 out: 4 s of work; 4 out, of at most 3: 4/3 + 4; 2 out: 3 s.
	near(t, "backlog", c.Backlog, (1*2+2*(4+4./3-2)+1*1)/2)
	near(t, "batches", c.Batch, 1)
	near(t, "discounted batch", d.Batch, math.Exp(-4./60))
	c, _ = ref.step(5e9, 8e9, p)
	near(t, "latency", c.Latency, 1)
	near(t, "batches", c.Batch, 1)
	near(t, "empty", c.Empty, 1)
	const r = env.DiscountRate
	near(t, "discounted latency to 1.5 s", func() float64 { _, d := newReference(x).step(5e8, 15e8, p); return d.Latency }(),
		1.5*(math.Exp(-r*0.5)-math.Exp(-r))/r)
	for i, n := range x.outstanding([]env.Time{0, 1e9, 3e9, 4e9, 6e9}) {
		near(t, "outstanding", n, []float64{0, 3, 4, 2, 0}[i])
	}
}

func TestEngineTriggersAnIntervalAfterTheLastOrBackToBack(t *testing.T) {
	e := NewEngine(EngineConfig{
		Seed: 1, Duration: 5 * time.Minute, Configured: 2 * time.Second, Period: 200 * time.Millisecond,
		Overhead: 300 * time.Millisecond, PerRow: time.Millisecond, Busy: 100, Cap: 500,
	})
	var last Trigger
	outcomes := map[env.Outcome]int{}
	back := 0
	for {
		ev, ok := e.Next()
		if !ok {
			break
		}
		if ev.Kind != Ended {
			continue
		}
		x := ev.Trigger
		outcomes[x.Outcome]++
		if x.Rows > 500 {
			t.Fatalf("a batch of %v events", x.Rows)
		}
		want := max(last.Start+2e9, last.End)
		if last.End > 0 && x.Start != want {
			t.Fatalf("a trigger at %v, not %v", x.Start, want)
		}
		if x.Start == last.End {
			back++
		}
		last = x
	}
	if outcomes[env.Batch] < 50 || outcomes[env.Empty] < 5 {
		t.Errorf("outcomes %v", outcomes)
	}
	if len(e.Truth.Triggers) != outcomes[env.Batch]+outcomes[env.Empty] {
		t.Errorf("%d triggers in truth", len(e.Truth.Triggers))
	}
	t.Logf("%v, %d back to back", outcomes, back)
}

func TestEngineCommandEndsTheWaitInCourse(t *testing.T) {
	e := NewEngine(EngineConfig{
		Seed: 1, Duration: time.Minute, Configured: 30 * time.Second, Period: 200 * time.Millisecond,
		Overhead: 300 * time.Millisecond, Busy: 100,
	})
	for range 30 {
		e.Next()
	}
	e.Command(0, time.Second) // long over
	ev, _ := e.Next()
	if ev.Kind != Started || ev.At != e.now || ev.At > 7e9 || ev.Interval != time.Second {
		t.Errorf("%+v", ev)
	}
}
