package pretrain

import (
	"rubato/env"
	"rubato/env/sim"
	"rubato/policy"
)

const (
	// cycles is how many whole trigger cycles of the query follow the two
	// actions that are compared.
	cycles = 2
	// horizon ends a comparison that does not come to its cycles, s.
	horizon = 400.0
)

// player decides as a network's argmax does.
type player struct {
	net      *policy.Network
	features env.Features
}

// choose returns the choice at t, and by how much the network prefers to
// trigger; 0 where there is no choice.
func (p *player) choose(t *env.Tick) (trigger, wait env.Action, either bool, margin float64) {
	o := &t.Observation
	if trigger, wait, either = policy.Choices(o, t.Mask); !either {
		return trigger, wait, false, 0
	}
	o.Features(&p.features)
	return trigger, wait, true, p.net.Margin(p.features[:], trigger, wait)
}

// act returns the rung that the network's argmax commands, where its threshold
// is moved by shift.
func (p *player) act(t *env.Tick, shift float64) int {
	trigger, wait, either, margin := p.choose(t)
	action := wait
	if either && margin > shift {
		action = trigger
	}
	return int(t.Observation.Rung) + action.Delta()
}

// course is what one query of a branch ran up. Costs are weighted, from the
// start of the simulation.
type course struct {
	start       env.Time // of its last trigger
	ends        int      // of triggers, since the branch began
	first, last float64  // cost at the first end and at the last
	firstAt     env.Time
	lastAt      env.Time
	done        bool
}

// branch plays a copy of a simulation on from one tick, with one action forced.
type branch struct {
	sim     *sim.Sim
	queries []sim.Config
	courses []course
	open    int // courses that are not done
}

// run forces the rung for query q, lets p drive all queries from there, and
// tells whether all came to whole cycles.
func (b *branch) run(p *player, from *sim.Sim, t *env.Tick, q, rung int, starts []env.Time) bool {
	b.sim.CopyFrom(from)
	b.courses = b.courses[:0]
	for i := range b.queries {
		b.courses = append(b.courses, course{start: starts[i]})
	}
	b.open = len(b.courses)
	end := t.At.Add(horizon)
	b.sim.Act(t.Query, rung)
	for b.open > 0 {
		next, ok := b.sim.Next()
		if !ok || next.At > end {
			return false
		}
		b.arrive(&next, q)
		b.sim.Act(next.Query, p.act(&next, 0))
	}
	return true
}

// arrive books the end of a trigger.
func (b *branch) arrive(t *env.Tick, q int) {
	i := index(b.queries, t.Query)
	c := &b.courses[i]
	if c.done || !ended(t, &c.start) {
		return
	}
	cost := b.cost(i)
	if c.ends++; c.ends == 1 {
		c.first, c.firstAt = cost, t.At
	}
	c.last, c.lastAt = cost, t.At
	switch main := &b.courses[q]; {
	case i == q && c.ends > cycles, i != q && c.ends > 1 && main.done:
		c.done = true
		b.open--
	}
}

// cost is what query i ran up, and what its queue is sure to cost still; not
// the batches that it will take, which would make a step of a single event.
func (b *branch) cost(i int) float64 {
	score := b.sim.Score(i)
	score.Leftover.Batch = 0
	w := &b.queries[i].Settings.Weights
	return w.Cost(score.Components) + w.Cost(score.Leftover)
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

// advantage of branch a over b: by how much less it costs in all, in the sense
// of the differential return. Both end after whole cycles, b later by some
// time, which is charged at the mean cost rate of both.
func advantage(a, b *branch) float64 {
	sum := 0.0
	for i := range a.courses {
		x, y := &a.courses[i], &b.courses[i]
		rate := (x.last - x.first + y.last - y.first) / (x.lastAt.Sub(x.firstAt) + y.lastAt.Sub(y.firstAt))
		sum += y.last - x.last - rate*y.lastAt.Sub(x.lastAt)
	}
	return sum
}

// index is the number of the query of that key.
func index(queries []sim.Config, key env.QueryKey) int {
	i := 0
	for queries[i].Query != key {
		i++
	}
	return i
}
