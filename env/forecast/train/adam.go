package train

import (
	"math"

	"rubato/env/forecast"
)

const (
	beta1   = 0.9
	beta2   = 0.999
	epsilon = 1e-8
)

// adam is the optimiser of Kingma and Ba (2015).
type adam struct {
	m, v  []float64
	steps int
}

func newAdam(n int) *adam { return &adam{m: make([]float64, n), v: make([]float64, n)} }

// update moves weights against grad.
func (a *adam) update(weights, grad []float64, rate float64) {
	a.steps++
	c1 := 1 - math.Pow(beta1, float64(a.steps))
	c2 := 1 - math.Pow(beta2, float64(a.steps))
	for i, g := range grad {
		a.m[i] += (1 - beta1) * (g - a.m[i])
		a.v[i] += (1 - beta2) * (g*g - a.v[i])
		weights[i] -= rate * (a.m[i] / c1) / (math.Sqrt(a.v[i]/c2) + epsilon)
	}
}

// clipNorm scales grad down to the given Euclidean norm where it is longer.
func clipNorm(grad []float64, limit float64) {
	var sum float64
	for _, g := range grad {
		sum += g * g
	}
	if norm := math.Sqrt(sum); norm > limit {
		for i := range grad {
			grad[i] *= limit / norm
		}
	}
}

// flatten and restore go between weights and one slice of them.
func flatten(w *forecast.Weights, to []float64) []float64 {
	to = to[:0]
	for i := range w.Gates {
		to = append(to, w.Gates[i][:]...)
	}
	for i := range w.Head {
		to = append(to, w.Head[i][:]...)
	}
	return to
}

func restore(from []float64, w *forecast.Weights) {
	for i := range w.Gates {
		from = from[copy(w.Gates[i][:], from):]
	}
	for i := range w.Head {
		from = from[copy(w.Head[i][:], from):]
	}
}
