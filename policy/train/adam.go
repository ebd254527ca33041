package train

import (
	"math"
)

// Adam is the optimiser of Kingma and Ba (2015) with its state in the open:
// beta 0.9 and 0.999, epsilon 1e-5.
type Adam struct {
	// M and V are the moments, as long as the weights; Step counts updates.
	M, V []float64
	Step int
}

const (
	beta1   = 0.9
	beta2   = 0.999
	epsilon = 1e-5
)

// NewAdam returns an optimiser of n weights at step 0.
func NewAdam(n int) *Adam { return &Adam{M: make([]float64, n), V: make([]float64, n)} }

// Update moves weights against grad. The first split weights step by rate
// first, the rest by rate rest.
func (a *Adam) Update(weights, grad []float64, split int, first, rest float64) {
	a.Step++
	c1 := 1 - math.Pow(beta1, float64(a.Step))
	c2 := 1 - math.Pow(beta2, float64(a.Step))
	for i, g := range grad {
		a.M[i] = beta1*a.M[i] + (1-beta1)*g
		a.V[i] = beta2*a.V[i] + (1-beta2)*g*g
		rate := rest
		if i < split {
			rate = first
		}
		weights[i] -= rate * (a.M[i] / c1) / (math.Sqrt(a.V[i]/c2) + epsilon)
	}
}

// ClipNorm scales grad down to the given Euclidean norm, if it is longer, and
// returns the norm that it had.
func ClipNorm(grad []float64, limit float64) float64 {
	var sum float64
	for _, g := range grad {
		sum += g * g
	}
	norm := math.Sqrt(sum)
	if norm > limit {
		f := limit / norm
		for i := range grad {
			grad[i] *= f
		}
	}
	return norm
}
