package pretrain

import (
	"math"

	"rubato/env"
	"rubato/env/sim"
	"rubato/policy"
)

const (
	// settle is the least number of trigger ends of a query until the effect of
	// an action may be over.
	settle = 2
	// idle is how long a trigger must have been waited for, s, to be none of a
	// queue that is being worked off.
	idle = 1e-3
)

// argmax is the rung that a network's argmax commands.
func argmax(net *policy.Network, t *env.Tick) int {
	return int(t.Observation.Rung) + net.Choose(&t.Observation, t.Mask, 0).Delta()
}

// calm is the end of a trigger that was waited for, so that no queue is left
// that could carry an effect on. cost is what the query ran up by then.
type calm struct {
	at   env.Time
	cost float64
}

// course is what one query of a branch goes through.
type course struct {
	begun        float64  // its cost when the branch began
	start, end   env.Time // of its last trigger
	ends         int      // of triggers, since the branch began
	before, last calm     // the last two calm ends
	met          calm     // that where it is even with its other branch
}

// branch plays a copy of a simulation on from one tick, with one action forced.
type branch struct {
	sim     *sim.Sim
	queries []sim.Config
	query   int // whose action was forced
	courses []course
	over    bool // the simulation is
	// onEnd, where set, is shown the end of each trigger, of query i.
	onEnd func(i int, t *env.Tick)
}

// begin forces the rung at t. starts are of the queries' last triggers.
func (b *branch) begin(from *sim.Sim, t *env.Tick, rung int, starts []env.Time) {
	b.sim.CopyFrom(from)
	b.over = false
	b.courses = b.courses[:0]
	b.query = index(b.queries, t.Query)
	for i := range b.queries {
		b.courses = append(b.courses, course{begun: b.cost(i), start: starts[i], end: t.At})
	}
	b.sim.Act(t.Query, rung)
}

// step lets net decide on the next tick. It returns the number of the query where
// that was a calm end, else -1.
func (b *branch) step(net *policy.Network) int {
	t, ok := b.sim.Next()
	if !ok {
		b.over = true
		return -1
	}
	i := b.arrive(&t)
	b.sim.Act(t.Query, argmax(net, &t))
	return i
}

func (b *branch) arrive(t *env.Tick) int {
	i := index(b.queries, t.Query)
	c := &b.courses[i]
	if !ended(t, &c.start) {
		return -1
	}
	waited := c.start.Sub(c.end) > idle
	c.end = t.At
	c.ends++
	if b.onEnd != nil {
		b.onEnd(i, t)
	}
	if !waited || c.ends < settle {
		return -1
	}
	c.before, c.last = c.last, calm{t.At, b.cost(i)}
	return i
}

// cost is what query i ran up, and what its queue is sure to cost still; not
// the batches that it will take, which would make a step of a single event.
func (b *branch) cost(i int) float64 {
	score := b.sim.Score(i)
	score.Leftover.Batch = 0
	w := &b.queries[i].Settings.Weights
	return w.Cost(score.Components) + w.Cost(score.Leftover)
}

// compare plays branches a and b side by side until the effect of their first
// actions, for query q, is over: for each query, q first, until both have a calm
// end at nearly the same time, or the simulation ends. It returns by how much
// less a costs in all, in the sense of the differential return: where the one
// end is a little later, the time between is charged at the mean cost rate of
// the cycles about it.
func compare(net *policy.Network, a, b *branch, q int, settled []bool) float64 {
	sum, open := 0.0, len(settled)
	clear(settled)
	var from env.Time // when q had settled
	for open > 0 && (!a.over || !b.over) {
		behind := a
		if a.over || !b.over && b.sim.Now() < a.sim.Now() {
			behind = b
		}
		i := behind.step(net)
		if i < 0 || settled[i] || i != q && !settled[q] {
			continue
		}
		x, y := &a.courses[i], &b.courses[i]
		if difference, ok := meet(x, y, from); ok {
			sum += difference
			x.met, y.met = x.last, y.last
			settled[i] = true
			open--
			from = max(from, x.last.at, y.last.at)
		}
	}
	for i, ok := range settled {
		if !ok {
			sum += b.cost(i) - a.cost(i)
		}
	}
	return sum
}

// meet tells whether the last calm ends of a query's two courses, after the
// given time, are less than half a cycle apart, and what y cost more than x.
func meet(x, y *course, from env.Time) (difference float64, ok bool) {
	if x.before.at == 0 || y.before.at == 0 || min(x.last.at, y.last.at) < from {
		return 0, false
	}
	cx, cy := x.last.at.Sub(x.before.at), y.last.at.Sub(y.before.at)
	later := y.last.at.Sub(x.last.at)
	if math.Abs(later) > min(cx, cy)/2 {
		return 0, false
	}
	rate := (x.last.cost - x.before.cost + y.last.cost - y.before.cost) / (cx + cy)
	return y.last.cost - x.last.cost - rate*later, true
}

// ended tells whether a tick is the end of another trigger than the one that
// began at start, which it moves on.
func ended(t *env.Tick, start *env.Time) bool {
	began := t.At.Add(-t.Observation.SinceTrigger)
	if began.Sub(*start) < 1e-4 {
		return false
	}
	*start = began
	return true
}

// index is the number of the query of that key.
func index(queries []sim.Config, key env.QueryKey) int {
	i := 0
	for queries[i].Query != key {
		i++
	}
	return i
}
