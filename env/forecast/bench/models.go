package bench

import (
	"math"

	"rubato/env"
	"rubato/env/forecast"
)

// model is a forecaster under judgement: it is told the rate of a second and
// says the quantiles forecast.Levels at each horizon.
type model interface {
	step(rate float64, q *[3][5]float64)
}

// points forecasts without an interval.
type points interface {
	step(rate, scale float64, out *[3]float64)
}

// ensemble is the forecaster in use.
type ensemble struct {
	e *forecast.Ensemble
	t env.Time
}

func (m *ensemble) step(rate float64, q *[3][5]float64) {
	m.t += 1e9
	m.e.Step(m.t, rate)
	m.e.Quantiles(q)
}

// lstm is the trained network alone, its interval recalibrated likewise.
type lstm struct {
	w      *forecast.Weights
	scaler forecast.Scaler
	cell   forecast.Cell
	ranges ranges
}

func (m *lstm) step(rate float64, q *[3][5]float64) {
	var (
		x     [forecast.Inputs]float64
		out   [forecast.Outputs]float64
		mid   [3]float64
		width [3][2]float64
	)
	m.scaler.Step(rate, &x)
	m.cell.Step(m.w, &x)
	m.cell.Read(&m.w.Head, &out)
	scale := m.scaler.Scale()
	for i := range mid {
		low, at, high := forecast.Spread(out[3*i : 3*i+3])
		mid[i] = max(rate+at*scale, 0)
		width[i] = [2]float64{(at - low) * scale, (high - at) * scale}
	}
	m.ranges.step(rate, &mid, &width, q)
}

// calibrated gives a point forecast an interval of its own errors, in scales.
type calibrated struct {
	points points
	scaler forecast.Scaler
	ranges ranges
}

func (m *calibrated) step(rate float64, q *[3][5]float64) {
	var (
		x     [forecast.Inputs]float64
		mid   [3]float64
		width [3][2]float64
	)
	m.scaler.Step(rate, &x)
	m.points.step(rate, m.scaler.Scale(), &mid)
	for i := range width {
		width[i] = [2]float64{m.scaler.Scale(), m.scaler.Scale()}
	}
	m.ranges.step(rate, &mid, &width, q)
}

// ranges recalibrates intervals on the last 500 residuals.
type ranges struct {
	seen      int
	mid       [5][3]float64
	width     [5][3][2]float64
	conformal [3]forecast.Conformal
}

func (r *ranges) step(rate float64, mid *[3]float64, width *[3][2]float64, q *[3][5]float64) {
	levels := [4]float64{forecast.Levels[0], forecast.Levels[1], forecast.Levels[3], forecast.Levels[4]}
	for i, h := range forecast.Horizons {
		if r.seen >= h {
			at := (r.seen - h) % 5
			miss := rate - r.mid[at][i]
			r.conformal[i].Add(miss / side(miss, &r.width[at][i]))
		}
	}
	r.mid[r.seen%5], r.width[r.seen%5] = *mid, *width
	r.seen++
	for i := range q {
		var z [4]float64
		r.conformal[i].Quantiles(&levels, &z)
		for k, z := range z {
			q[i][k+k/2] = max(mid[i]+z*side(z, &width[i]), 0)
		}
		q[i][2] = mid[i]
	}
}

func side(z float64, width *[2]float64) float64 {
	if z < 0 {
		return width[0]
	}
	return width[1]
}

// lastValue says what was.
type lastValue struct{}

func (lastValue) step(rate, _ float64, out *[3]float64) { *out = [3]float64{rate, rate, rate} }

// ema is an exponentially weighted mean, its bias corrected.
type ema struct{ gain, sum, weight float64 }

func (m *ema) step(rate, _ float64, out *[3]float64) {
	m.sum += m.gain * (rate - m.sum)
	m.weight += m.gain * (1 - m.weight)
	v := m.sum / m.weight
	*out = [3]float64{v, v, v}
}

// holt is the damped linear trend with any gains.
type holt struct {
	alpha, beta, phi float64
	level, trend     float64
	seen             bool
}

func (m *holt) step(rate, _ float64, out *[3]float64) {
	if !m.seen {
		m.level, m.seen = rate, true
	}
	e := rate - (m.level + m.phi*m.trend)
	m.level += m.phi*m.trend + m.alpha*e
	m.trend = m.phi*m.trend + m.alpha*m.beta*e
	for i, h := range forecast.Horizons {
		d, sum := 1.0, 0.0
		for range h {
			d *= m.phi
			sum += d
		}
		out[i] = max(m.level+sum*m.trend, 0)
	}
}

// ar is the ridge autoregression of order 30 on all that was seen.
type ar struct{ forecast.AR }

func (m *ar) step(rate, scale float64, out *[3]float64) {
	m.Step(rate, scale, 1)
	m.Ahead(out)
	for i := range out {
		if math.IsNaN(out[i]) {
			out[i] = rate
		}
	}
}

// seasonal says what was one period ago.
type seasonal struct{ forecast.Seasonal }

func (m *seasonal) step(rate, _ float64, out *[3]float64) {
	m.Step(rate)
	m.Ahead(out)
}
