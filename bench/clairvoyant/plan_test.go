package clairvoyant_test

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rubato/bench/clairvoyant"
	"rubato/env"
)

// charge is what the query costs when batches are asked for at the given
// times, event by event; false where one is asked for before the last ended.
func charge(q clairvoyant.Query, triggers []float64) (float64, bool) {
	w, ref := q.Settings.Weights, q.Reference
	target, grace := q.Settings.Target.Seconds(), q.Settings.Grace.Seconds()
	type served struct{ at, until, events float64 }
	var all []served
	cost, free, taken := 0.0, 0.0, 0
	for _, t := range triggers {
		if t < free-1e-9 {
			return 0, false
		}
		first, n := taken, 0.0
		for taken < len(q.Arrivals) && q.Arrivals[taken].At <= t && (q.Cap == 0 || n+q.Arrivals[taken].Events <= q.Cap) {
			n += q.Arrivals[taken].Events
			taken++
		}
		if n == 0 {
			continue
		}
		free = t + q.Overhead + q.PerRow*n
		if free > q.Duration && !q.Drain {
			taken = first
			break
		}
		cost += w.Batch * q.Settings.BatchPrice(n)
		for _, a := range q.Arrivals[first:taken] {
			all = append(all, served{a.At, free, a.Events})
		}
	}
	end, left := q.Duration, 0.0
	for _, a := range q.Arrivals[taken:] {
		left += a.Events
	}
	if q.Drain && left > 0 {
		end = max(end, free) + q.Overhead + q.PerRow*left
		cost += w.Batch * q.Settings.BatchPrice(left)
	}
	for _, a := range q.Arrivals[taken:] {
		all = append(all, served{a.At, end, a.Events})
	}
	for _, s := range all {
		cost += w.Latency * s.events * (s.until - s.at) / ref
		if target > 0 {
			cost += w.Miss * s.events * max(s.until-s.at-target, 0) / ref
		}
	}
	if grace > 0 {
		left := 0.0
		for _, s := range all {
			if s.until > q.Duration {
				left += s.events
			}
		}
		if q.Drain && left > 0 {
			over := max(env.WorkOff(left, q.Overhead, q.PerRow, q.Cap)-grace, 0)
			cost += w.Backlog * over * over / (2 * grace)
		}
		// the backlog, between the moments at which it changes
		moments := []float64{0, q.Duration}
		for _, s := range all {
			moments = append(moments, s.at, min(s.until, q.Duration))
		}
		slices.Sort(moments)
		for i, u := range moments[1:] {
			n := 0.0
			for _, s := range all {
				if s.at <= moments[i] && u <= s.until {
					n += s.events
				}
			}
			if n > 0 {
				cost += w.Backlog * max(env.WorkOff(n, q.Overhead, q.PerRow, q.Cap)-grace, 0) / grace * (u - moments[i])
			}
		}
	}
	return cost, true
}

func small(t *rapid.T) clairvoyant.Query {
	part := func(name string, most float64) float64 {
		return most * float64(rapid.IntRange(0, 20).Draw(t, name)) / 20
	}
	// Batches end on the grid: elsewhere their ends count to the nearest step.
	q := clairvoyant.Query{
		Duration: 6.25, Step: 0.5, Reference: 2,
		Overhead: 0.5 * float64(rapid.IntRange(1, 4).Draw(t, "overhead")),
		PerRow:   0.5 * float64(rapid.IntRange(0, 1).Draw(t, "per row")),
	}
	w := &q.Settings.Weights
	w.Latency, w.Batch = part("latency", 2), part("batch", 3)
	if rapid.Bool().Draw(t, "target") {
		w.Miss, q.Settings.Target = part("miss", 4), time.Duration(part("wanted", 3)*1e9)
	}
	q.Drain = rapid.Bool().Draw(t, "drain")
	if rapid.Bool().Draw(t, "files") {
		q.Settings.FullBatch = 5
	}
	if rapid.Bool().Draw(t, "backlog") {
		w.Backlog = 2
		q.Settings.Grace = time.Duration(rapid.IntRange(1, 30).Draw(t, "grace")) * 100 * time.Millisecond
	}
	at := 0.0
	for range rapid.IntRange(2, 9).Draw(t, "events") {
		at += part("gap", 2)
		if at < q.Duration {
			q.Arrivals = append(q.Arrivals, clairvoyant.Arrival{At: at, Events: float64(rapid.IntRange(1, 3).Draw(t, "n"))})
		}
	}
	return q
}

// brute tries every set of triggers on the grid.
func brute(q clairvoyant.Query) float64 {
	least := math.Inf(1)
	n := int(q.Duration / q.Step)
	for set := range 1 << n {
		var triggers []float64
		for i := range n {
			if set>>i&1 == 1 {
				triggers = append(triggers, float64(i+1)*q.Step)
			}
		}
		if cost, ok := charge(q, triggers); ok {
			least = min(least, cost)
		}
	}
	return least
}

func TestThePlanIsTheBestOfAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := small(t)
		plan, err := clairvoyant.Solve(q)
		if err != nil {
			t.Fatal(err)
		}
		if want := brute(q); math.Abs(plan.Cost-want) > 1e-9*max(want, 1) {
			t.Fatalf("%v at %v, the best is %v", plan.Cost, plan.Triggers, want)
		}
	})
}

func TestThePlanCostsWhatItSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := small(t)
		plan, err := clairvoyant.Solve(q)
		if err != nil {
			t.Fatal(err)
		}
		if cost, ok := charge(q, plan.Triggers); !ok || math.Abs(plan.Cost-cost) > 1e-9*max(cost, 1) {
			t.Fatalf("says %v for %v, costs %v (%v)", plan.Cost, plan.Triggers, cost, ok)
		}
	})
}

func TestABatchAboveTheCapLeavesTheRest(t *testing.T) {
	q := clairvoyant.Query{
		Arrivals: []clairvoyant.Arrival{{At: 0.5, Events: 4}, {At: 1.5, Events: 4}, {At: 2.5, Events: 2}},
		Duration: 20, Step: 1, Overhead: 2.6, PerRow: 0.1, Cap: 4, Reference: 1,
		Settings: env.Settings{Weights: env.Weights{Latency: 1, Batch: 0.01}},
	}
	plan, err := clairvoyant.Solve(q)
	if err != nil {
		t.Fatal(err)
	}
	// Begun at 1: 4 events by 4, 4 by 7, 2 by 9.8.
	if want := 4*3.5 + 4*5.5 + 2*7.3 + 0.03; math.Abs(plan.Cost-want) > 1e-9 || len(plan.Triggers) != 3 {
		t.Errorf("costs %v for %v, want %v", plan.Cost, plan.Triggers, want)
	}
}

func TestNothingToDoCostsNothing(t *testing.T) {
	q := clairvoyant.Query{
		Duration: 300, Overhead: 0.2, Reference: 1,
		Settings: env.Settings{Weights: env.Weights{Latency: 1, Batch: 1, Empty: 1}},
	}
	plan, err := clairvoyant.Solve(q)
	if err != nil || plan.Cost != 0 || len(plan.Triggers) != 0 {
		t.Errorf("%+v, %v", plan, err)
	}
}

func TestAQueryWithoutAPlanIsRefused(t *testing.T) {
	good := clairvoyant.Query{Duration: 1, Overhead: 0.1, Reference: 1}
	for what, spoil := range map[string]func(*clairvoyant.Query){
		"no time":      func(q *clairvoyant.Query) { q.Duration = 0 },
		"no overhead":  func(q *clairvoyant.Query) { q.Overhead = math.NaN() },
		"no reference": func(q *clairvoyant.Query) { q.Reference = 0 },
		"out of order": func(q *clairvoyant.Query) {
			q.Arrivals = []clairvoyant.Arrival{{At: 1, Events: 1}, {At: 0.5, Events: 1}}
		},
	} {
		q := good
		spoil(&q)
		if _, err := clairvoyant.Solve(q); !errors.Is(err, clairvoyant.ErrQuery) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func BenchmarkTwentyMinutes(b *testing.B) {
	q := clairvoyant.Query{
		Duration: 1200, Overhead: 0.25, PerRow: 1. / 5000, Reference: 100,
		Settings: env.Settings{Weights: env.Weights{Latency: 1, Batch: 0.3, Miss: 1, Backlog: 1}, Target: 2 * time.Second, Grace: 5 * time.Second},
	}
	for i := range 120000 {
		q.Arrivals = append(q.Arrivals, clairvoyant.Arrival{At: float64(i) / 100, Events: 1})
	}
	for b.Loop() {
		if _, err := clairvoyant.Solve(q); err != nil {
			b.Fatal(err)
		}
	}
}
