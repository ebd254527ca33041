package train

import (
	"math"

	"rubato/env/forecast"
)

// round is the half-width, in scales, within which the absolute value in the
// pinball loss is rounded off (pseudo-Huber).
const round = 0.05

// levels are the quantiles of a horizon, as forecast.Spread gives them.
var levels = [3]float64{0.1, 0.5, 0.9}

// Loss is the smoothed pinball loss of one second's outputs, summed over
// horizons and quantiles, against the changes that came, in scales; it fills
// pull with its derivative by each output.
//
//	rho_q(u) = (q - 1/2) u + 1/2 d (sqrt(1 + (u/d)^2) - 1), u = y - forecast
func Loss(out []float64, y *[3]float64, pull []float64) float64 {
	sum := 0.0
	for i, y := range y {
		o, p := out[3*i:3*i+3], pull[3*i:3*i+3]
		low, mid, high := forecast.Spread(o)
		l0, d0 := pinball(levels[0], y-low)
		l1, d1 := pinball(levels[1], y-mid)
		l2, d2 := pinball(levels[2], y-high)
		sum += l0 + l1 + l2
		p[0] = -(d0 + d1 + d2)
		p[1] = d0 / (1 + math.Exp(-o[1]))
		p[2] = -d2 / (1 + math.Exp(-o[2]))
	}
	return sum
}

// pinball is the smoothed pinball loss and its derivative by u.
func pinball(level, u float64) (loss, slope float64) {
	root := math.Sqrt(1 + u*u/(round*round))
	return (level-0.5)*u + 0.5*round*(root-1), level - 0.5 + 0.5*u/(round*root)
}
