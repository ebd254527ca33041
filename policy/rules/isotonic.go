package rules

import (
	"slices"

	"rubato/env"
)

// isotonicPoints is how many batches DyBBS remembers.
const isotonicPoints = 40

// dybbs is DyBBS (Zhang et al. 2016): isotonic regression of batch time on the
// interval before it, over the last batches, and the smallest interval x whose
// fitted time is at most rho x. Where all fit it tries shorter, where none does
// longer, by the share step.
type dybbs struct {
	rho, step, floor float64

	history  history
	ring     []point // oldest first
	sorted   []point
	blocks   []block
	interval float64
}

// block is a run of points with one fitted time.
type block struct {
	from, to float64 // intervals of its ends
	sum, n   float64
}

// Decide implements Rival.
func (d *dybbs) Decide(t *env.Tick) float64 {
	if d.interval == 0 || t.First {
		d.interval, d.ring = max(t.Observation.Interval, d.floor), d.ring[:0]
	}
	if d.history.ended(t) && d.history.batch {
		if len(d.ring) == isotonicPoints {
			d.ring = append(d.ring[:0], d.ring[1:]...)
		}
		d.ring = append(d.ring, point{max(d.history.interval, 1e-3), d.history.took})
		d.fit()
		d.interval = limited(d.next(), d.floor, 60)
	}
	return d.interval
}

// fit pools adjacent violators.
func (d *dybbs) fit() {
	d.sorted = append(d.sorted[:0], d.ring...)
	slices.SortStableFunc(d.sorted, func(a, b point) int {
		switch {
		case a.interval < b.interval:
			return -1
		case a.interval > b.interval:
			return 1
		}
		return 0
	})
	d.blocks = d.blocks[:0]
	for _, p := range d.sorted {
		d.blocks = append(d.blocks, block{p.interval, p.interval, p.took, 1})
		for k := len(d.blocks) - 1; k > 0; k-- {
			a, b := &d.blocks[k-1], &d.blocks[k]
			if a.sum/a.n <= b.sum/b.n {
				break
			}
			a.to, a.sum, a.n = b.to, a.sum+b.sum, a.n+b.n
			d.blocks = d.blocks[:k]
		}
	}
}

// next is the smallest interval that the fit calls stable.
func (d *dybbs) next() float64 {
	for i, b := range d.blocks {
		x := max(b.from, b.sum/b.n/d.rho)
		if x > b.to {
			continue
		}
		if i == 0 && x == b.from {
			return x * (1 - d.step)
		}
		return x
	}
	return d.blocks[len(d.blocks)-1].to * (1 + d.step)
}

func isotonic() []Entry {
	return []Entry{{
		Name: "dybbs", Meant: Every,
		Parameters: []Parameter{
			{Name: "rho", Low: 0.1, High: 0.99, Default: 0.8},
			{Name: "step", Low: 0.02, High: 0.6, Default: 0.2},
			floorParameter,
		},
		build: func(v []float64) Rival { return &dybbs{rho: v[0], step: v[1], floor: v[2]} },
	}}
}
