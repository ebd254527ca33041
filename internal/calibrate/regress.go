package calibrate

import "math"

const (
	rounds = 60
	// precise is the relative precision of the solution.
	precise = 1e-6
	// soft is the relative error below which errors count squared.
	soft = 0.02
	// least is the least overhead, s.
	least = 0.001
)

// point is one batch for the regression: it lasts about base x a + rows x b.
type point struct{ base, rows, seconds float64 }

// regress finds the a >= least and b >= 0 that minimise the sum of relative
// absolute errors, from a first guess on.
func regress(ps []point, a, b float64) (float64, float64) {
	for range rounds {
		var s11, s12, s22, t1, t2 float64
		for _, p := range ps {
			at := a*p.base + b*p.rows
			w := 1 / (at * max(math.Abs(p.seconds-at), soft*at))
			s11 += w * p.base * p.base
			s12 += w * p.base * p.rows
			s22 += w * p.rows * p.rows
			t1 += w * p.base * p.seconds
			t2 += w * p.rows * p.seconds
		}
		before, slope := a, b
		a, b = solve(s11, s12, s22, t1, t2)
		if math.Abs(a-before) <= precise*a && math.Abs(b-slope) <= precise*b {
			break
		}
	}
	return a, b
}

// solve is the weighted least squares solution within its bounds.
func solve(s11, s12, s22, t1, t2 float64) (a, b float64) {
	if det := s11*s22 - s12*s12; det > 1e-12*s11*s22 {
		a, b = (t1*s22-t2*s12)/det, (t2*s11-t1*s12)/det
	} else {
		b = -1 // all of one size
	}
	switch {
	case b < 0:
		return max(t1/s11, least), 0
	case a < least:
		return least, max(t2-least*s12, 0) / s22
	}
	return a, b
}

// guess is a first guess: half of the median overhead, half per row.
func guess(ps []point) (a, b float64) {
	seconds, rows := make([]float64, len(ps)), make([]float64, len(ps))
	for i, p := range ps {
		seconds[i], rows[i] = p.seconds/p.base, p.rows
	}
	d, n := median(seconds), median(rows)
	return max(d/2, least), d / 2 / max(n, 1)
}

// loss is the mean absolute error of the logarithm.
func loss(ps []point, a, b float64) float64 {
	sum := 0.0
	for _, p := range ps {
		sum += math.Abs(math.Log(p.seconds / (a*p.base + b*p.rows)))
	}
	return sum / float64(len(ps))
}

// search finds the x in [0, top] where f, which falls and then rises, is
// least: a coarse walk on a grid that is denser near 0, then golden sections.
func search(top float64, f func(float64) float64) float64 {
	const steps = 24
	grid := func(i int) float64 { return top * math.Pow(float64(i)/steps, 3) }
	best, low := 0, math.Inf(1)
	for i := range steps + 1 {
		if l := f(grid(i)); l < low {
			best, low = i, l
		}
	}
	lo, hi := grid(max(best-1, 0)), grid(min(best+1, steps))
	ratio := (math.Sqrt(5) - 1) / 2
	for range 20 {
		x, y := hi-ratio*(hi-lo), lo+ratio*(hi-lo)
		if f(x) <= f(y) {
			hi = y
		} else {
			lo = x
		}
	}
	if x := (lo + hi) / 2; f(x) < low {
		return x
	}
	return grid(best)
}
