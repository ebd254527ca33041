package clairvoyant

import (
	"math"
)

const (
	// denseSteps are looked at one by one after a trigger; beyond, steps grow
	// by farGrowth up to farthest s.
	denseSteps = 64
	farGrowth  = 1.05
	farthest   = 300
	// leave is the choice not to trigger again.
	leave = 255
	// over says that a batch ends after the query's time, and with it the plan.
	over = -1
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
	q      *Query
	c      *counts
	debt   *debt
	steps  int
	full   []int   // by position: where a batch from there is full
	ahead  []int   // steps ahead that are looked at, rising
	slot   []uint8 // by steps: the first place in ahead that reaches them
	delay  float64 // price of an event-second
	miss   float64 // price of a late event-second
	target float64

	// Rings by position. value[j] is V at the place j; least[j] the cheapest of
	// the places from j on, or of leaving.
	value, least [][]float64
	// By position and place: which one that is, and whether after the batch
	// there the next begins at once, between two places.
	choice   []uint8
	straight []bool
	places   int
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
	s.choosePlaces()
	s.fill()
	s.solve()
	return Plan{Cost: s.least[0][0], Triggers: s.follow()}, nil
}

// choosePlaces chooses the steps ahead that are looked at.
func (s *solver) choosePlaces() {
	most := min(s.steps, max(int(farthest/s.c.step), denseSteps))
	for d := 1; d <= most && len(s.ahead) < leave; d = max(d+1, next(d)) {
		s.ahead = append(s.ahead, d)
	}
	if s.places = len(s.ahead); s.places == 0 {
		return
	}
	s.slot = make([]uint8, s.ahead[s.places-1]+1)
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

// fill finds where a batch from each position is full, to the nearest step.
func (s *solver) fill() {
	s.full = make([]int, s.steps+1)
	u := 0
	for p := range s.full {
		u = max(u, p)
		for u < s.steps && (s.q.Cap <= 0 || (s.c.atStep[u].n+s.c.atStep[u+1].n)/2-s.c.atStep[p].n <= s.q.Cap) {
			u++
		}
		s.full[p] = max(u, p+1)
	}
}

// solve fills the tables, backwards.
func (s *solver) solve() {
	rows := 1
	if s.places > 0 {
		rows += s.ahead[s.places-1]
	}
	s.value, s.least = make([][]float64, rows), make([][]float64, rows)
	for i := range rows {
		s.value[i], s.least[i] = make([]float64, s.places+1), make([]float64, s.places+1)
	}
	width := s.places + 1
	s.choice, s.straight = make([]uint8, (s.steps+1)*width), make([]bool, (s.steps+1)*width)
	for p := s.steps; p >= 0; p-- {
		value, least := s.value[p%rows], s.least[p%rows]
		chosen, straight := s.choice[p*width:(p+1)*width], s.straight[p*width:(p+1)*width]
		least[s.places], chosen[s.places] = s.leave(p), leave
		for j := s.places - 1; j >= 0; j-- {
			least[j], chosen[j], value[j] = least[j+1], chosen[j+1], math.Inf(1)
			t := p + s.ahead[j]
			if t > s.steps {
				continue
			}
			cost, to, free, ok := s.edge(p, t)
			if !ok {
				continue
			}
			value[j] = cost
			if free != over {
				onward, at := s.onward(to, free, rows)
				value[j], straight[j] = cost+onward, at
			}
			if value[j] < least[j] {
				least[j], chosen[j] = value[j], uint8(j)
			}
		}
	}
}

// onward is the least cost after a batch that brought the position to p, where
// the next begins so many steps after it or later, and whether it is best begun
// at once, between two places.
func (s *solver) onward(p, free, rows int) (cost float64, straight bool) {
	least := s.least[p%rows]
	j := s.place(free)
	cost = least[j]
	if j == 0 || free >= s.ahead[j] {
		return cost, false
	}
	if at := s.between(s.value[p%rows], j, float64(free)); at < cost {
		return at, true
	}
	return cost, false
}

// between is V at x steps ahead, between the places j-1 and j: the parabola
// through them and the next, which is what V bends like where batches overload
// the query.
func (s *solver) between(value []float64, j int, x float64) float64 {
	x0, x1 := float64(s.ahead[j-1]), float64(s.ahead[j])
	slope := (value[j] - value[j-1]) / (x1 - x0)
	at := value[j-1] + (x-x0)*slope
	if j+1 < s.places {
		if bent := ((value[j+1]-value[j])/(float64(s.ahead[j+1])-x1) - slope) / (float64(s.ahead[j+1]) - x0); bent > 0 && !math.IsInf(bent, 1) {
			at += (x - x0) * (x - x1) * bent
		}
	}
	return at
}

// edge is the cost of the batch that begins at step t where all up to p was
// taken before, the position that it brings the query to, and how many steps
// after that position the next may begin, to the nearest. Where it ends after
// the query's time, free is over and the cost is of all that is left, or, if
// that is not charged, ok is false.
func (s *solver) edge(p, t int) (cost float64, to, free int, ok bool) {
	q := s.q
	to = min(t, s.full[p])
	before, after := s.c.atStep[p], s.c.atStep[to]
	n := after.n - before.n
	if n <= 0 {
		return 0, to, t - to, true
	}
	end := float64(t)*s.c.step + q.Overhead + q.PerRow*n
	if end > q.Duration && !q.Drain {
		return 0, to, over, false
	}
	cost = q.Settings.Weights.Batch*q.Settings.BatchPrice(n) + s.delay*(n*end-(after.sum-before.sum))
	if s.miss > 0 {
		cost += s.miss * s.late(p, to, end)
	}
	if end > q.Duration {
		return cost + s.owed(p) + s.drain(to, end), to, over, true
	}
	if s.debt != nil {
		by := s.c.by(end)
		cost += s.debt.until(p, end, by) - s.debt.until(to, end, by)
	}
	return cost, to, int(math.Ceil(end/s.c.step-0.5-1e-9)) - to, true
}

// late is the lateness, event-seconds, of what came after step p, up to step
// to, and is served at the given moment.
func (s *solver) late(p, to int, served float64) float64 {
	since := served - s.target
	x := min(since, float64(to)*s.c.step)
	if x <= float64(p)*s.c.step {
		return 0
	}
	by, before := s.c.by(x), s.c.atStep[p]
	return (by.n-before.n)*since - (by.sum - before.sum)
}

// place is the first place that is so many steps ahead; the last where none is.
func (s *solver) place(steps int) int {
	switch {
	case s.places == 0:
		return 0
	case steps >= len(s.slot):
		return s.places - 1
	}
	return int(s.slot[max(steps, 1)])
}

// leave is the cost of what comes after step p where no batch takes it in the
// query's time.
func (s *solver) leave(p int) float64 {
	if s.q.Drain {
		return s.owed(p) + s.drain(p, s.q.Duration)
	}
	return s.owed(p) + s.served(p, s.q.Duration)
}

// served is the cost of the delays of all that comes after step p, served at
// the given moment, at the query's end or later.
func (s *solver) served(p int, at float64) float64 {
	all, from := s.c.all, s.c.atStep[p]
	cost := s.delay * ((all.n-from.n)*at - (all.sum - from.sum))
	if since := at - s.target; s.miss > 0 {
		if x := min(since, s.q.Duration); x > float64(p)*s.c.step {
			by := s.c.by(x)
			cost += s.miss * ((by.n-from.n)*since - (by.sum - from.sum))
		}
	}
	return cost
}

// drain is the cost of what is left after step p where batches from the given
// moment on, back to back, take it: its delays up to their mean end, and their
// price.
func (s *solver) drain(p int, begin float64) float64 {
	q := s.q
	n := s.c.all.n - s.c.atStep[p].n
	if n <= 0 {
		return 0
	}
	if q.Cap <= 0 || n <= q.Cap {
		return s.served(p, begin+q.Overhead+q.PerRow*n) + q.Settings.Weights.Batch*q.Settings.BatchPrice(n)
	}
	full := math.Ceil(n/q.Cap-1e-9) - 1
	rest := n - full*q.Cap
	each := q.Overhead + q.PerRow*q.Cap
	mean := (q.Cap*each*full*(full+1)/2 + rest*(q.Overhead*(full+1)+q.PerRow*n)) / n
	price := full*q.Settings.BatchPrice(q.Cap) + q.Settings.BatchPrice(rest)
	return s.served(p, begin+mean) + q.Settings.Weights.Batch*price
}

// owed is the backlog's cost, to the query's end, of what comes after step p
// and is not served before; where the rest is charged too, while it shrinks
// evenly.
func (s *solver) owed(p int) float64 {
	if s.debt == nil {
		return 0
	}
	cost := s.debt.until(p, s.q.Duration, s.c.all)
	if rate := s.debt.rate(s.c.all.n - s.c.atStep[p].n); s.q.Drain {
		cost += rate * rate / (2 * s.debt.unit)
	}
	return cost
}

// follow reads the triggers off the choices.
func (s *solver) follow() []float64 {
	var triggers []float64
	p, free, straight := 0, 1, false
	for {
		place := s.place(free)
		t := p + free
		if !straight {
			j := s.choice[p*(s.places+1)+place]
			if j == leave {
				return triggers
			}
			place, t = int(j), p+s.ahead[j]
		}
		if t > s.steps {
			return triggers
		}
		_, to, then, ok := s.edge(p, t)
		if !ok {
			return triggers
		}
		if s.c.atStep[to].n > s.c.atStep[p].n {
			triggers = append(triggers, float64(t)*s.c.step)
		}
		if then == over {
			return triggers
		}
		straight = s.straight[p*(s.places+1)+place] && then > 0
		p, free = to, then
	}
}
