package clairvoyant

import (
	"math"
)

const (
	// denseSteps are looked at one by one after a trigger; beyond, steps grow
	// by farGrowth up to farthest s.
	denseSteps = 32
	farGrowth  = 1.03
	farthest   = 300
	// leave is the choice not to trigger again.
	leave = 255
)

// Plan is the best that could have been done.
type Plan struct {
	// Cost is the weighted cost over the whole duration.
	Cost float64
	// Triggers are the times at which batches begin, s.
	Triggers []float64
}

// solver holds the tables of one query.
type solver struct {
	q       *Query
	c       *counts
	debt    *debt
	steps   int
	ahead   []int   // steps ahead that are looked at, rising
	slot    []uint8 // by steps: the first place in ahead that reaches them
	delay   float64 // price of an event-second
	miss    float64 // price of a late event-second
	target  float64
	least   [][]float64 // a ring by trigger: cheapest of the places from j on
	choice  []uint8     // by trigger and place: which one that is
	placesN int
}

// Solve returns the cheapest plan for the query.
func Solve(q Query) (Plan, error) {
	if err := q.check(); err != nil {
		return Plan{}, err
	}
	step := q.step()
	steps := int(q.Duration / step)
	s := &solver{q: &q, c: newCounts(q.Arrivals, step, steps), steps: steps}
	s.debt = newDebt(&q, s.c)
	w := q.Settings.Weights
	s.delay, s.target = w.Latency/q.Reference, q.Settings.Target.Seconds()
	if s.target > 0 {
		s.miss = w.Miss / q.Reference
	}
	s.places()
	s.solve()
	return Plan{Cost: s.least[0][0], Triggers: s.follow()}, nil
}

// places chooses the steps ahead that are looked at.
func (s *solver) places() {
	most := min(s.steps, max(int(farthest/s.c.step), denseSteps))
	for d := 1; d <= most && len(s.ahead) < leave; d = max(d+1, next(d)) {
		s.ahead = append(s.ahead, d)
	}
	s.placesN = len(s.ahead)
	if s.placesN == 0 {
		return
	}
	s.slot = make([]uint8, s.ahead[s.placesN-1]+1)
	j := 0
	for d := range s.slot {
		if d > s.ahead[j] {
			j++
		}
		s.slot[d] = uint8(j)
	}
}

func next(d int) int {
	if d < denseSteps {
		return d + 1
	}
	return int(float64(d) * farGrowth)
}

// solve fills least and choice, backwards.
func (s *solver) solve() {
	rows := 1
	if s.placesN > 0 {
		rows += s.ahead[s.placesN-1]
	}
	s.least = make([][]float64, rows)
	for i := range s.least {
		s.least[i] = make([]float64, s.placesN+1)
	}
	s.choice = make([]uint8, (s.steps+1)*(s.placesN+1))
	for t := s.steps; t >= 0; t-- {
		row, chosen := s.least[t%rows], s.choice[t*(s.placesN+1):(t+1)*(s.placesN+1)]
		row[s.placesN], chosen[s.placesN] = s.leave(t), leave
		for j := s.placesN - 1; j >= 0; j-- {
			row[j], chosen[j] = row[j+1], chosen[j+1]
			if u := t + s.ahead[j]; u <= s.steps {
				cost, place, ok := s.edge(t, u)
				if !ok {
					continue
				}
				if v := cost + s.least[u%rows][place]; v < row[j] {
					row[j], chosen[j] = v, uint8(j)
				}
			}
		}
	}
}

// edge is the cost of the batch that begins at step t and takes what came since
// the trigger at p, and the first place ahead of t at which the next may begin;
// false where it would not end in time.
func (s *solver) edge(p, t int) (cost float64, place int, ok bool) {
	q, from, to := s.q, s.c.atStep[p], s.c.atStep[t]
	n := to.n - from.n
	if n <= 0 {
		return 0, 0, true
	}
	begin := float64(t) * s.c.step
	took, served, price := s.batch(n)
	end := begin + took
	if end > q.Duration {
		return 0, 0, false
	}
	at := begin + served
	cost = q.Settings.Weights.Batch*price + s.delay*(n*at-(to.sum-from.sum))
	if s.miss > 0 {
		if x := min(at-s.target, begin); x > float64(p)*s.c.step {
			late := s.c.by(x)
			cost += s.miss * ((late.n-from.n)*(at-s.target) - (late.sum - from.sum))
		}
	}
	if s.debt != nil {
		by := s.c.by(end)
		cost += s.owed(p, n, begin, end, by) - s.debt.until(t, end, by)
	}
	steps := int(math.Ceil(took/s.c.step - 1e-9))
	return cost, s.place(steps), true
}

// owed is the backlog's cost of what came after p until the batch at begin has
// committed it.
func (s *solver) owed(p int, n, begin, end float64, by total) float64 {
	limit := s.q.Cap
	if limit <= 0 || n <= limit {
		return s.debt.until(p, end, by)
	}
	// Several batches: it falls from one commit to the next.
	left := by.n - s.c.atStep[p].n - math.Floor((n-1e-9)/limit)*limit
	return s.debt.until(p, begin, s.c.by(begin)) +
		(end-begin)*(s.debt.rate(n)+s.debt.rate(left))/2
}

// place is the first place that is so many steps ahead; the last where none is.
func (s *solver) place(steps int) int {
	switch {
	case s.placesN == 0:
		return 0
	case steps >= len(s.slot):
		return s.placesN - 1
	}
	return int(s.slot[max(steps, 1)])
}

// batch is how long n events take, s, the mean time after which they are
// served, and what it counts in batches.
func (s *solver) batch(n float64) (took, served, price float64) {
	q := s.q
	if q.Cap <= 0 || n <= q.Cap {
		took = q.Overhead + q.PerRow*n
		return took, took, q.Settings.BatchPrice(n)
	}
	full := math.Ceil(n/q.Cap-1e-9) - 1
	rest := n - full*q.Cap
	took = q.Overhead*(full+1) + q.PerRow*n
	each := q.Overhead + q.PerRow*q.Cap
	served = (q.Cap*each*full*(full+1)/2 + rest*took) / n
	return took, served, full*q.Settings.BatchPrice(q.Cap) + q.Settings.BatchPrice(rest)
}

// leave is the cost of what comes after step t and no trigger takes in time.
func (s *solver) leave(t int) float64 {
	q, from, end := s.q, s.c.atStep[t], s.q.Duration
	all := s.c.by(end)
	n := all.n - from.n
	cost, at := s.debt.until(t, end, all), end
	if q.Drain && n > 0 {
		_, served, price := s.batch(n)
		cost += q.Settings.Weights.Batch * price
		at += served
	}
	cost += s.delay * (n*at - (all.sum - from.sum))
	if x := min(at-s.target, end); s.miss > 0 && x > float64(t)*s.c.step {
		late := s.c.by(x)
		cost += s.miss * ((late.n-from.n)*(at-s.target) - (late.sum - from.sum))
	}
	return cost
}

// follow reads the triggers off the choices.
func (s *solver) follow() []float64 {
	var triggers []float64
	t, place := 0, 0
	for {
		j := s.choice[t*(s.placesN+1)+place]
		if j == leave {
			return triggers
		}
		u := t + s.ahead[j]
		if s.c.atStep[u].n > s.c.atStep[t].n {
			triggers = append(triggers, float64(u)*s.c.step)
		}
		_, place, _ = s.edge(t, u)
		t = u
	}
}
