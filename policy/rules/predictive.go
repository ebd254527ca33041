package rules

import (
	"math"

	"rubato/env"
)

// planSteps is the number of steps that the plan looks ahead.
const planSteps = 24

// planning is model-predictive control: at every tick it plans the triggers up
// to a horizon by dynamic programming on the fitted batch a + b n and the
// forecast rate, acts on the first, and plans anew.
//
// The state is (i, j): the trigger before at step i, this one at j, which takes
// what came between them; the next may not begin before this one ends. Beyond
// the horizon it prices a trigger at t as steady running from t on. Arrivals
// flow evenly; where end offsets are not seen, that a batch may find nothing is
// priced by the Poisson chance of it.
type planning struct {
	price   float64 // of a batch, times its true one
	horizon float64 // in square-root intervals
	mix     float64 // share of the 2 s rate in the long-run rate

	step                float64
	came, area          [planSteps + 1]float64 // events since now, and their integral
	best                [planSteps + 1][planSteps + 2]float64
	o                   *env.Observation
	rate, steady, cycle float64
	delay, miss         float64 // price of an event-second, and of a late one
	full                float64 // rows of a full batch, 0 where the price is flat
}

// Decide implements Rival.
func (p *planning) Decide(t *env.Tick) float64 {
	o := &t.Observation
	w := &o.Weights
	switch {
	case o.Sighted != 0 && !available(o):
		return Wait
	case o.Reference <= 0 || w.Latency <= 0 && w.Miss <= 0:
		return when(o, available(o) && w.Batch <= 0)
	}
	if full(o) {
		return when(o, available(o))
	}
	p.o = o
	p.delay, p.miss = w.Latency/o.Reference, 0
	if o.Target > 0 {
		p.miss = w.Miss / o.Reference
	}
	p.full = fullBatch(o)
	p.foresee()
	p.plan()
	wait := p.first()
	if wait < o.Period/2 {
		return when(o, available(o))
	}
	return o.SinceTrigger + wait
}

// foresee fills the arrivals ahead and the price of steady running.
func (p *planning) foresee() {
	o := p.o
	p.rate = max(mixed(o, p.mix), 1e-9)
	// Steady running at the interval I costs c/I + w r/m (I/2 + a + b r I).
	half := 0.5 + o.PerRow*p.rate
	c := p.price * o.Weights.Batch
	p.cycle = limited(math.Sqrt(c/((p.delay+p.miss/4)*p.rate*half)), o.Period, 60)
	p.cycle = max(p.cycle, min(keepingUp(o, p.rate, 0.95), 60))
	p.steady = c/p.cycle + p.delay*p.rate*(p.cycle*half+o.Overhead) +
		p.miss*p.rate*lateness(batchTime(o, p.rate*p.cycle), batchTime(o, p.rate*p.cycle)+p.cycle, o.Target)
	p.step = p.horizon * max(p.cycle, o.Overhead) / planSteps
	age := 0.0
	if o.Sighted == 0 {
		age = o.SightAge
	}
	for i := range planSteps {
		h := age + (float64(i)+0.5)*p.step
		r := ahead(o, h)
		if h > 5 {
			r += (p.rate - r) * -math.Expm1((5-h)/10)
		}
		n := r * p.step
		p.area[i+1] = p.area[i] + (p.came[i]+n/2)*p.step
		p.came[i+1] = p.came[i] + n
	}
}

// plan fills best: best[j][l] is the least cost from the trigger at j on, where
// the next begins at l or later.
func (p *planning) plan() {
	for i := planSteps; i >= 0; i-- {
		p.best[i][planSteps+1] = math.Inf(1)
		for j := planSteps; j > i; j-- {
			n := p.came[j] - p.came[i]
			gap := float64(j-i) * p.step
			waited := p.area[j] - p.area[i] - p.came[i]*gap
			cost := p.batch(n, waited, gap, j)
			p.best[i][j] = min(cost, p.best[i][j+1])
		}
	}
}

// batch is the cost of n events that came evenly over gap seconds and waited
// so many event-seconds until a trigger at step j, and of all after it.
func (p *planning) batch(n, waited, gap float64, j int) float64 {
	took := batchTime(p.o, n)
	cost := p.batchPrice(n) + p.delay*(waited+n*took)
	if p.miss > 0 {
		cost += p.miss * n * lateness(took, took+gap, p.o.Target)
	}
	return cost + p.after(j, took)
}

// after is the least cost from a trigger at step j on that takes so long.
func (p *planning) after(j int, took float64) float64 {
	steps := math.Ceil(took/p.step - 1e-9)
	onward := math.Inf(1)
	if next := float64(j) + max(steps, 1); next <= planSteps {
		onward = p.best[j][int(next)]
	}
	if j < planSteps/2 && !math.IsInf(onward, 1) {
		return onward
	}
	over := max(took-p.cycle, 0)
	end := p.steady*float64(planSteps-j)*p.step + p.delay*p.rate*over*over/2
	return min(onward, end)
}

// batchPrice is the price of a trigger that takes n events.
func (p *planning) batchPrice(n float64) float64 {
	c := p.price * p.o.Weights.Batch
	if p.full > 0 {
		c *= 1 - 0.9*min(n/p.full, 1)
	}
	if n > 30 {
		return c
	}
	nothing := math.Exp(-n)
	c *= 1 - nothing
	if p.o.Sighted == 0 {
		c += nothing * p.o.Weights.Empty
	}
	return c
}

// first returns how long to wait for the best first trigger, s.
func (p *planning) first() float64 {
	o, least, at := p.o, math.Inf(1), 0
	n0 := o.Outstanding
	for j := range planSteps + 1 {
		wait := float64(j) * p.step
		n := n0 + p.came[j]
		took := batchTime(o, n)
		cost := p.batchPrice(n) + p.delay*(n0*wait+p.area[j]+n*took)
		if p.miss > 0 {
			cost += p.miss * (n0*lateness(wait+took, wait+took+o.OldestAge, o.Target) +
				p.came[j]*lateness(took, took+wait, o.Target))
		}
		if cost += p.after(j, took); cost < least {
			least, at = cost, j
		}
	}
	return float64(at) * p.step
}

func modelPredictive() []Entry {
	return []Entry{expects(Entry{
		Name: "model-predictive", Forecasts: true, Meant: Every,
		Parameters: []Parameter{
			{Name: "price", Low: 0.2, High: 3, Log: true, Default: 1},
			{Name: "horizon", Low: 1.5, High: 8, Log: true, Default: 4},
			{Name: "mix", Low: 0, High: 1, Default: 0.3},
		},
		build: func(v []float64) Rival { return &planning{price: v[0], horizon: v[1], mix: v[2]} },
	})}
}
