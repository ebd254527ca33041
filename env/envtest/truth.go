package envtest

import (
	"math"

	"rubato/env"
)

// Arrival is events that arrived at one moment.
type Arrival struct {
	At     env.Time
	Events float64
}

// Trigger is one trigger as it was; Committed is the total committed by its
// end.
type Trigger struct {
	Start, End      env.Time
	Outcome         env.Outcome
	Rows, Committed float64
}

// Truth is what really happened to a query, in time order; a trigger enters as
// it ends.
type Truth struct {
	Arrivals []Arrival
	Triggers []Trigger
}

// span is events that were outstanding from one moment to another.
type span struct {
	from, to env.Time
	events   float64
}

// spans matches arrivals with the batches that committed them, oldest first;
// what no batch took stays to the end of time.
func (x *Truth) spans() []span {
	var out []span
	batch, total := 0, 0.0
	for _, a := range x.Arrivals {
		for left := a.Events; left > 0; {
			for batch < len(x.Triggers) && x.Triggers[batch].Committed <= total {
				batch++
			}
			s := span{a.At, math.MaxInt64, left}
			if batch < len(x.Triggers) {
				s.to = x.Triggers[batch].End
				s.events = min(left, x.Triggers[batch].Committed-total)
			}
			out = append(out, s)
			left -= s.events
			total += s.events
		}
	}
	return out
}

// prices are those of a step: what the tick at its start showed.
type prices struct {
	reference, overhead, perRow, limit, grace, target, full float64
}

func pricesOf(t *env.Tick, s env.Settings) prices {
	o := &t.Observation
	return prices{o.Reference, o.Overhead, o.PerRow, o.Cap, s.Grace.Seconds(), s.Target.Seconds(), s.FullBatch}
}

// reference works out costs event by event. Steps have to be asked for in time
// order.
type reference struct {
	truth *Truth
	spans []span
	first int // all spans before it are over
}

func newReference(x *Truth) *reference { return &reference{truth: x, spans: x.spans()} }

// step is the cost from one moment to another, plain and discounted, switches
// left out.
func (r *reference) step(from, to env.Time, p prices) (plain, disc env.Components) {
	for r.first < len(r.spans) && r.spans[r.first].to <= from {
		r.first++
	}
	for _, s := range r.spans[r.first:] {
		if s.from >= to {
			break
		}
		if p.reference > 0 {
			a, b := overlap(s.from, s.to, from, to)
			plain.Latency += s.events * a / p.reference
			disc.Latency += s.events * b / p.reference
			if p.target > 0 {
				a, b = overlap(s.from.Add(p.target), s.to, from, to)
				plain.Miss += s.events * a / p.reference
				disc.Miss += s.events * b / p.reference
			}
		}
	}
	plain.Backlog, disc.Backlog = r.debt(from, to, p)
	for _, x := range r.truth.Triggers {
		if x.End <= from || x.End > to {
			continue
		}
		w := math.Exp(-env.DiscountRate * x.End.Sub(from))
		switch x.Outcome {
		case env.Empty:
			plain.Empty++
			disc.Empty += w
		case env.Batch:
			price := 1.0
			if p.full > 0 {
				price = max(0.1, 1-0.9*x.Rows/p.full)
			}
			plain.Batch += price
			disc.Batch += price * w
		}
	}
	return plain, disc
}

// debt walks every moment between from and to at which the outstanding
// changes.
func (r *reference) debt(from, to env.Time, p prices) (plain, disc float64) {
	if p.grace <= 0 {
		return 0, 0
	}
	// Spans begin and end in order, so two places in them are enough.
	begun, over, n := r.first, r.first, 0.0
	for at := from; at < to; {
		for begun < len(r.spans) && r.spans[begun].from <= at {
			n += r.spans[begun].events
			begun++
		}
		for over < begun && r.spans[over].to <= at {
			n -= r.spans[over].events
			over++
		}
		next := to
		if begun < len(r.spans) {
			next = min(next, r.spans[begun].from)
		}
		if over < begun {
			next = min(next, r.spans[over].to)
		}
		if n > 0 {
			batches := 1.0
			if p.limit > 0 && n > p.limit {
				batches = n / p.limit
			}
			rate := max(0, batches*p.overhead+n*p.perRow-p.grace) / p.grace
			a, b := overlap(at, next, from, to)
			plain += rate * a
			disc += rate * b
		}
		at = next
	}
	return plain, disc
}

// overlap is the time that [a, b) shares with [from, to), and the same
// discounted to from.
func overlap(a, b, from, to env.Time) (plain, disc float64) {
	a, b = max(a, from), min(b, to)
	if b <= a {
		return 0, 0
	}
	const r = env.DiscountRate
	x, y := a.Sub(from), b.Sub(from)
	return y - x, math.Exp(-r*x) * -math.Expm1(-r*(y-x)) / r
}

// outstanding is how many events were waiting at each of the given moments.
func (x *Truth) outstanding(at []env.Time) []float64 {
	out := make([]float64, len(at))
	n, arrival, trigger, committed := 0.0, 0, 0, 0.0
	for i, t := range at {
		for arrival < len(x.Arrivals) && x.Arrivals[arrival].At <= t {
			n += x.Arrivals[arrival].Events
			arrival++
		}
		for trigger < len(x.Triggers) && x.Triggers[trigger].End <= t {
			committed = x.Triggers[trigger].Committed
			trigger++
		}
		out[i] = n - committed
	}
	return out
}
