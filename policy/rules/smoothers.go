package rules

import (
	"math"

	"rubato/env"
)

// ema smooths the 0.5 s rate with a share alpha of the new a second.
type ema struct {
	alpha float64

	level float64
	seen  env.Time
	begun bool
}

func (e *ema) rate(t *env.Tick) float64 {
	r := t.Observation.R05
	if t.First || !e.begun {
		e.begun, e.level = true, r
	} else {
		e.level += (1 - math.Pow(1-e.alpha, t.At.Sub(e.seen))) * (r - e.level)
	}
	e.seen = t.At
	return e.level
}

// holt is double exponential smoothing of the 0.5 s rate, a second at a time,
// one second ahead; undamped, as published.
type holt struct {
	alpha, beta float64

	level, trend float64
	seen         env.Time
	begun        bool
}

func (h *holt) rate(t *env.Tick) float64 {
	r := t.Observation.R05
	if t.First || !h.begun {
		h.begun, h.level, h.trend, h.seen = true, r, 0, t.At
	}
	for ; t.At.Sub(h.seen) >= 1; h.seen = h.seen.Add(1) {
		before := h.level
		h.level = h.alpha*r + (1-h.alpha)*(h.level+h.trend)
		h.trend = h.beta*(h.level-before) + (1-h.beta)*h.trend
	}
	return max(h.level+h.trend, 0)
}

// forecastRate is the environment's forecast, one second ahead.
type forecastRate struct{}

func (forecastRate) rate(t *env.Tick) float64 { return t.Observation.Forecast[0] }

// trueRate is the rate of the second to come, as told; the 0.5 s rate where
// nobody told.
type trueRate struct {
	at func(env.Time) float64
}

func (r *trueRate) rate(t *env.Tick) float64 {
	if r.at == nil {
		return t.Observation.R05
	}
	return r.at(t.At)
}
