package forecast

import (
	"math"

	"rubato/env"
)

// Horizons are the seconds ahead that are forecast.
var Horizons = [3]int{1, 3, 5}

const (
	alpha    = 0.8  // of the level
	beta     = 0.4  // of the trend
	damping  = 0.9  // phi
	scaleTau = 300  // s
	coverage = 0.8  // of the interval
	gain     = 0.1  // of the spread's steps, in scales
	headroom = 8    // most that a forecast exceeds the greatest recent rate
	fade     = 0.99 // of that greatest rate, a second
	maxRate  = 1e15 // events/s: beyond it a float64 counts no events
)

// Holt is a damped-trend forecaster. Its zero value is ready for use.
type Holt struct {
	Level, Trend float64
	// Seen counts the seconds taken in; Peak is the fading greatest rate.
	Seen uint64
	Peak float64
	// Scale and its weight: the slow mean before bias correction.
	Scale, ScaleWeight float64
	// Past holds the forecasts made in the last five seconds, by second and
	// horizon; Error is each horizon's 0.8 quantile of the absolute error.
	Past  [5][3]float64
	Error [3]float64
}

var _ env.Forecaster = (*Holt)(nil)

// NewHolt returns a forecaster that has seen nothing.
func NewHolt() *Holt { return &Holt{} }

// Step implements env.Forecaster. The seconds are taken to follow each other;
// t is not used.
func (h *Holt) Step(_ env.Time, rate float64) {
	if !(rate >= 0) {
		rate = 0
	}
	rate = min(rate, maxRate)
	h.Scale += (rate - h.Scale) / scaleTau
	h.ScaleWeight += (1 - h.ScaleWeight) / scaleTau
	h.learn(rate)
	if h.Seen == 0 {
		h.Level = rate
	} else {
		e := rate - (h.Level + damping*h.Trend)
		h.Level += damping*h.Trend + alpha*e
		h.Trend = damping*h.Trend + alpha*beta*e
	}
	h.Peak = max(rate, fade*h.Peak)
	for i := range Horizons {
		h.Past[h.Seen%5][i] = h.ahead(i)
	}
	h.Seen++
}

// CopyFrom implements env.Forecaster; from is a *Holt.
func (h *Holt) CopyFrom(from env.Forecaster) { *h = *from.(*Holt) }

// learn moves each horizon's spread by the forecast that was made of this
// second.
func (h *Holt) learn(rate float64) {
	step := gain * h.Scale / h.ScaleWeight
	for i, ahead := range Horizons {
		if h.Seen < uint64(ahead) {
			continue
		}
		off := math.Abs(rate - h.Past[(h.Seen-uint64(ahead))%5][i])
		switch {
		case h.Seen == uint64(ahead):
			h.Error[i] = off
		case off > h.Error[i]:
			h.Error[i] += step * coverage
		default:
			h.Error[i] = max(h.Error[i]-step*(1-coverage), 0)
		}
	}
}

// ahead is the forecast at a horizon, from the state as it is.
func (h *Holt) ahead(horizon int) float64 {
	sum, d := 0.0, 1.0
	for range Horizons[horizon] {
		d *= damping
		sum += d
	}
	return min(max(h.Level+sum*h.Trend, 0), headroom*h.Peak)
}

// Predict implements env.Forecaster.
func (h *Holt) Predict(rate, spread *[3]float64) {
	for i := range Horizons {
		rate[i] = h.ahead(i)
	}
	*spread = h.Error
}
