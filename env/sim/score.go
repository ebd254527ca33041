package sim

import (
	"math"

	"rubato/env"
)

// Score is the exact cost of a query's run so far, event by event, and apart
// from the Tracker's estimates: each event's own delay, and the backlog by the
// true overhead (as it was at the start) and time per row. Events still
// outstanding are charged up to now.
type Score struct {
	env.Components
	// Leftover is what the queue that is left now will still cost if batches
	// work it off back to back: without it, a policy would gain by leaving
	// work undone at the end.
	Leftover env.Components
	// Seconds is the virtual time, Events how many arrived.
	Seconds, Events float64
	// Reference is the long-run rate that delays are divided by, events/s,
	// here held still over the run.
	Reference float64
	// Delay is the sum of all events' delays, s; Late that beyond the target.
	Delay, Late float64
	// Triggers counts all, Batches those that ran one whatever it counted in
	// the batch component, Rows what those took.
	Triggers, Batches, Rows float64
}

// CostRate is the weighted cost a second, the leftover queue's included.
func (s Score) CostRate(w env.Weights) float64 {
	if s.Seconds <= 0 {
		return 0
	}
	return (w.Cost(s.Components) + w.Cost(s.Leftover)) / s.Seconds
}

// served takes in n events committed after the given delay, s.
func (q *query) served(delay, n float64) {
	q.latency.add(delay, n)
	q.score.Delay += delay * n
	if q.target > 0 {
		q.score.Late += max(delay-q.target, 0) * n
	}
}

// triggered counts a trigger that has ended.
func (q *query) triggered(x *Trigger) {
	q.score.Triggers++
	switch x.Outcome {
	case env.Empty:
		q.score.Empty++
	case env.Batch:
		q.score.Batch += q.cfg.Settings.BatchPrice(x.Rows)
		q.score.Batches++
		q.score.Rows += x.Rows
	}
}

// debt takes in the backlog up to t, the outstanding having stood still since
// it was last called.
func (q *query) debt(t env.Time) {
	q.score.Backlog += q.owed(t)
	q.debtTo = t
}

// owed is the backlog since debt was last called.
func (q *query) owed(t env.Time) float64 {
	n := q.outstanding()
	if n <= q.graced {
		return 0
	}
	return t.Sub(q.debtTo) * (q.workOff(n) - q.grace) / q.grace
}

func (q *query) workOff(n float64) float64 {
	return env.WorkOff(n, q.overhead, q.cfg.PerRow, q.cfg.Cap)
}

// debtFree is the most events that can be worked off within the grace.
func (p *spec) debtFree() float64 {
	one, each, limit := p.overhead, p.cfg.PerRow, p.cfg.Cap
	if p.grace <= 0 {
		return math.Inf(1)
	}
	if limit > 0 && one+each*limit < p.grace {
		one, each = 0, each+one/limit
	}
	if one >= p.grace {
		return 0
	}
	return (p.grace - one) / each // +Inf where rows take no time
}

// Score returns the cost of query i up to now.
func (s *Sim) Score(i int) Score {
	q := &s.queries[i]
	q.advance(s.now)
	score := q.score
	score.Backlog += q.owed(s.now)
	for c, n := range q.waiting() {
		score.Delay += s.now.Sub(c.at) * n
		if q.target > 0 {
			score.Late += max(s.now.Sub(c.at)-q.target, 0) * n
		}
	}
	score.Seconds, score.Events = s.now.Sub(0), q.arrived
	delay, late := 0.0, 0.0
	for x := range q.leftover(s.now) {
		delay += x.more * x.events
		if q.target > 0 {
			late += (max(x.age+x.more-q.target, 0) - max(x.age-q.target, 0)) * x.events
		}
	}
	if score.Reference > 0 {
		score.Latency, score.Miss = score.Delay/score.Reference, score.Late/score.Reference
		score.Leftover.Latency, score.Leftover.Miss = delay/score.Reference, late/score.Reference
	}
	score.Leftover.Batch, score.Leftover.Backlog = q.leftoverBatches(), q.leftoverDebt()
	return score
}

// Latency returns the delays of all events of query i that have arrived; those
// outstanding have theirs once the leftover queue is worked off.
func (s *Sim) Latency(i int) Latency {
	q := &s.queries[i]
	q.advance(s.now)
	l := q.latency
	for x := range q.leftover(s.now) {
		l.add(x.age+x.more, x.events)
	}
	return l
}

// waiting gives the outstanding clumps, oldest first, and how much of each is
// outstanding.
func (q *query) waiting() func(yield func(*clump, float64) bool) {
	return func(yield func(*clump, float64) bool) {
		gone := q.gone
		for i := q.head; i < q.next; i++ {
			c := &q.clumps[i]
			if !yield(c, c.events-gone) {
				return
			}
			gone = 0
		}
	}
}

// left is events that are outstanding: for how long they were, and will be.
type left struct {
	age, more, events float64
}

// inCourse is what the batch in course took, and for how long it still runs, s.
func (q *query) inCourse(now env.Time) (rows, rest float64) {
	if q.inBatch && q.trigger.Outcome == env.Batch {
		return q.trigger.Rows, max(q.trigger.End.Sub(now), 0)
	}
	return 0, 0
}

// leftover gives the outstanding events, oldest first: those of the batch in
// course end with it, then batches as large as can be follow back to back, at
// their mean duration.
func (q *query) leftover(now env.Time) func(yield func(left) bool) {
	return func(yield func(left) bool) {
		rows, rest := q.inCourse(now)
		queue := q.outstanding() - rows
		size := queue
		if q.cfg.Cap > 0 {
			size = min(size, q.cfg.Cap)
		}
		each := q.overhead + q.cfg.PerRow*size
		before := 0.0
		for c, n := range q.waiting() {
			x := left{age: now.Sub(c.at), more: rest, events: n}
			if middle := before + n/2 - rows; middle > 0 {
				nth := math.Floor(middle/size) + 1
				x.more += each*(nth-1) + q.overhead + q.cfg.PerRow*min(size, queue-size*(nth-1))
			}
			before += n
			if !yield(x) {
				return
			}
		}
	}
}

// leftoverBatches is what the batches of the leftover queue count, the one in
// course among them.
func (q *query) leftoverBatches() float64 {
	price := 0.0
	rows := 0.0
	if q.inBatch && q.trigger.Outcome == env.Batch {
		rows = q.trigger.Rows
		price = q.cfg.Settings.BatchPrice(rows)
	}
	queue := q.outstanding() - rows
	if queue <= 0 {
		return price
	}
	if limit := q.cfg.Cap; limit > 0 {
		full := math.Floor(queue / limit)
		price += full * q.cfg.Settings.BatchPrice(limit)
		queue -= full * limit
	}
	if queue > 0 {
		price += q.cfg.Settings.BatchPrice(queue)
	}
	return price
}

// leftoverDebt is the backlog of the leftover queue as it shrinks evenly.
func (q *query) leftoverDebt() float64 {
	n := q.outstanding()
	if n <= q.graced {
		return 0
	}
	over := q.workOff(n) - q.grace
	return over * over / (2 * q.grace)
}
