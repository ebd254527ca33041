package clairvoyant

import (
	"rubato/env"
)

// hinge is a part slope x max(0, n - from) + jump (where n > from) of the
// backlog component's rate at n outstanding events.
type hinge struct {
	slope, from, jump float64
	// By grid step p: the moment at which more than from events have come
	// since, and the count's integral up to it.
	since, area []float64
}

// debt integrates the backlog component, weighted.
type debt struct {
	hinges []hinge
	atStep []total
	unit   float64 // cost rate of a grace's worth of debt, over the grace
	rate   func(n float64) float64
}

// newDebt returns nil where backlog costs nothing.
func newDebt(q *Query, c *counts) *debt {
	w, grace := q.Settings.Weights.Backlog, q.Settings.Grace.Seconds()
	if !(w > 0) || !(grace > 0) {
		return nil
	}
	unit := w / grace
	d := &debt{atStep: c.atStep, unit: unit, rate: func(n float64) float64 {
		if n <= 0 {
			return 0
		}
		return unit * max(env.WorkOff(n, q.Overhead, q.PerRow, q.Cap)-grace, 0)
	}}
	steep := q.PerRow
	if q.Cap > 0 {
		steep += q.Overhead / q.Cap
	}
	switch atCap := q.Overhead + q.PerRow*q.Cap; {
	case q.Cap > 0 && atCap < grace:
		d.hinges = []hinge{{slope: unit * steep, from: grace / steep}}
	default:
		one := hinge{slope: unit * q.PerRow}
		if q.Overhead >= grace {
			one.jump = unit * (q.Overhead - grace)
		} else if q.PerRow > 0 {
			one.from = (grace - q.Overhead) / q.PerRow
		}
		if one.slope > 0 || one.jump > 0 {
			d.hinges = append(d.hinges, one)
		}
		if q.Cap > 0 {
			d.hinges = append(d.hinges, hinge{slope: unit * (steep - q.PerRow), from: q.Cap})
		}
	}
	for i := range d.hinges {
		d.hinges[i].place(c, q.Duration)
	}
	return d
}

// place finds, for each step, when the hinge is passed.
func (h *hinge) place(c *counts, never float64) {
	steps := len(c.atStep)
	h.since, h.area = make([]float64, steps), make([]float64, steps)
	k := 0
	for p, t := range c.atStep {
		for k < len(c.at) && c.n[k+1] <= t.n+h.from+1e-9 {
			k++
		}
		h.since[p] = never
		if k < len(c.at) {
			h.since[p] = max(c.at[k], float64(p)*c.step)
		}
		h.area[p] = c.by(h.since[p]).area(h.since[p])
	}
}

// until is the cost, from the trigger at step p until x, of what came after p;
// by is the total by x.
func (d *debt) until(p int, x float64, by total) float64 {
	if d == nil {
		return 0
	}
	sum := 0.0
	for i := range d.hinges {
		h := &d.hinges[i]
		if dt := x - h.since[p]; dt > 0 {
			sum += h.jump*dt + h.slope*(by.area(x)-h.area[p]-(d.atStep[p].n+h.from)*dt)
		}
	}
	return sum
}
