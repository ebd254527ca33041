package forecast

import "math"

// Conformal recalibrates an interval on its last 500 residuals (split conformal
// prediction on a sliding window, Vovk et al. 2005): a residual is the error
// over the width that was forecast for it, below 0 by the width below; what a
// quantile of them was, the next width is multiplied by. Residuals are kept in
// 256 classes, fine around 0 and some 6 % wide outside, and interpolated. Its
// zero value has seen none.
type Conformal struct {
	Class  [window]uint8
	Counts [classes]uint16
	N      uint64
}

const (
	window  = 500
	classes = 256
	enough  = 30 // residuals before they are believed
	// A class is 1/fine wide in asinh(z / small).
	small = 0.05
	fine  = 15
)

// Add takes in a residual.
func (c *Conformal) Add(z float64) {
	at := c.N % window
	if c.N >= window {
		c.Counts[c.Class[at]]--
	}
	k := min(max(math.Floor(math.Asinh(z/small)*fine)+classes/2, 0), classes-1)
	if math.IsNaN(k) {
		k = classes - 1
	}
	c.Class[at] = uint8(k)
	c.Counts[uint8(k)]++
	c.N++
}

// Quantiles fills z with the residuals' quantiles at levels, which ascend. Until
// it has seen enough it takes the widths for 0.1 and 0.9 quantiles of a normal
// distribution.
func (c *Conformal) Quantiles(levels, z *[4]float64) {
	if c.N < enough {
		for i, q := range levels {
			z[i] = math.Sqrt2 * math.Erfinv(2*q-1) / 1.2815515655446004
		}
		return
	}
	n := float64(min(c.N, window))
	sum, k := 0.0, 0
	for i, q := range levels {
		// The finite sample's rank, outwards.
		rank := q * (n + 1)
		if q < 0.5 {
			rank--
		}
		rank = min(max(rank, 0), n)
		for k < classes-1 && sum+float64(c.Counts[k]) < rank {
			sum += float64(c.Counts[k])
			k++
		}
		share := 0.5
		if c.Counts[k] > 0 {
			share = (rank - sum) / float64(c.Counts[k])
		}
		z[i] = small * math.Sinh((float64(k)+share-classes/2)/fine)
	}
}
