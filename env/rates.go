package env

import "math"

// Time constants of the smoothed rates and of the reference rate, s.
const (
	tau05         = 0.5
	tau2          = 2
	tau15         = 15
	tau300        = 300
	referenceSpan = 86400
)

// mean is an exponentially weighted mean with its bias corrected: Sum over
// Weight.
type mean struct {
	Sum, Weight float64
}

// add takes in x with the share k of the new, 0 < k <= 1.
func (m *mean) add(x, k float64) {
	m.Sum += k * (x - m.Sum)
	m.Weight += k * (1 - m.Weight)
}

func (m *mean) value() float64 {
	if m.Weight <= 0 {
		return 0
	}
	return m.Sum / m.Weight
}

// Rates holds a query's arrival rates, events/s: exponentially weighted means
// with their bias corrected. The fast ones take each sample as it comes; the
// reference rate takes whole seconds of the clock and nothing else, so that
// trigger times do not move it.
type Rates struct {
	Fast  [4]mean // 0.5, 2, 15, 300 s
	Daily mean

	// The shares of the new that belong to the last dt: most are alike.
	dt    float64
	share [4]float64
}

var oneSecond = -math.Expm1(-1.0 / referenceSpan)

// Observe takes in events that arrived over dt seconds.
func (r *Rates) Observe(dt, events float64) {
	if dt <= 0 {
		return
	}
	if dt != r.dt {
		r.dt = dt
		for i, tau := range [4]float64{tau05, tau2, tau15, tau300} {
			r.share[i] = -math.Expm1(-dt / tau)
		}
	}
	x := events / dt
	for i, k := range r.share {
		r.Fast[i].add(x, k)
	}
}

// Seconds takes n whole seconds of the clock, at the given mean rate, into the
// reference rate.
func (r *Rates) Seconds(n, rate float64) {
	switch {
	case n == 1:
		r.Daily.add(rate, oneSecond)
	case n > 0:
		r.Daily.add(rate, -math.Expm1(-n/referenceSpan))
	}
}

// R05 is the rate smoothed over 0.5 s.
func (r *Rates) R05() float64 { return r.Fast[0].value() }

// R2 is the rate smoothed over 2 s.
func (r *Rates) R2() float64 { return r.Fast[1].value() }

// R15 is the rate smoothed over 15 s.
func (r *Rates) R15() float64 { return r.Fast[2].value() }

// R300 is the rate smoothed over 300 s.
func (r *Rates) R300() float64 { return r.Fast[3].value() }

// Reference is the long-run mean rate (one day); 0 until a second has passed,
// and where it is less than an event in ten days.
func (r *Rates) Reference() float64 {
	if x := r.Daily.value(); x >= 1e-6 {
		return x
	}
	return 0
}
