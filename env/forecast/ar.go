package forecast

import "math"

// AROrder is how many seconds an AR looks back.
const AROrder = 30

// arTerms are its regressors: the differences of the last seconds from the very
// last one, that one, and 1.
const arTerms = AROrder + 1

// AR is an autoregression by recursive least squares with exponential
// forgetting (Haykin, Adaptive Filter Theory, chapter 10), one direct model a
// horizon. All three have the same regressors, so they share the inverse
// correlation; a second's gain is kept until its horizons have come:
//
//	k = P x / (lambda + x' P x),  P = (P - k x' P) / lambda,
//	w_h += k (y - w_h x) once y, the change in h seconds, is known
//
// in scales. Its zero value looks at nothing yet.
type AR struct {
	Rates [AROrder]float64 // the last ones, the newest first
	Seen  uint64
	P     [arTerms * (arTerms + 1) / 2]float64 // lower triangle, row by row
	W     [3][arTerms]float64
	// Of each of the last five seconds: regressors, gain, rate and scale.
	X, K         [5][arTerms]float64
	Rate, Scales [5]float64
}

const (
	// arPrior is P at the start, arTrace what its trace may grow to: where
	// nothing moves, forgetting would blow it up.
	arPrior = 1
	arTrace = 100 * arTerms
	// arReach bounds an error that is learnt from, scales.
	arReach = 10
)

// Step takes in the rate of a second, events/s, and its scale; forget is
// lambda, 1 for a ridge regression on all of the past.
func (a *AR) Step(rate, scale, forget float64) {
	if a.Seen == 0 {
		a.reset()
		for i := range a.Rates {
			a.Rates[i] = rate
		}
	}
	copy(a.Rates[1:], a.Rates[:AROrder-1])
	a.Rates[0] = rate
	for i, h := range Horizons {
		if a.Seen >= uint64(h) {
			a.learn(i, rate, (a.Seen-uint64(h))%5)
		}
	}
	at := a.Seen % 5
	x := &a.X[at]
	for i := 1; i < AROrder; i++ {
		x[i-1] = (a.Rates[i] - rate) / scale
	}
	x[AROrder-1], x[AROrder] = rate/scale, 1
	a.Rate[at], a.Scales[at] = rate, scale
	a.gain(x, &a.K[at], forget)
	a.Seen++
}

func (a *AR) reset() {
	*a = AR{}
	a.prior()
}

// prior sets P to what it was at the start.
func (a *AR) prior() {
	a.P = [len(a.P)]float64{}
	at := 0
	for i := range arTerms {
		at += i + 1
		a.P[at-1] = arPrior
	}
}

// learn moves a horizon's weights by the error of the forecast made from
// regressors at.
func (a *AR) learn(horizon int, rate float64, at uint64) {
	x, k, w := &a.X[at], &a.K[at], &a.W[horizon]
	e := (rate - a.Rate[at]) / a.Scales[at]
	for i := range x {
		e -= w[i] * x[i]
	}
	e = min(max(e, -arReach), arReach)
	for i := range w {
		w[i] += k[i] * e
	}
}

// gain computes k and moves P on.
func (a *AR) gain(x, k *[arTerms]float64, forget float64) {
	var px [arTerms]float64
	trace, p := 0.0, a.P[:]
	for i := range arTerms {
		row := p[:i+1]
		p = p[i+1:]
		sum, xi := 0.0, x[i]
		for j, v := range row[:i] {
			sum += v * x[j]
			px[j] += v * xi
		}
		px[i] += sum + row[i]*xi
		trace += row[i]
	}
	quad := forget
	for i := range px {
		quad += px[i] * x[i]
	}
	if !(quad > 0) || math.IsInf(quad, 0) || !(trace > 0) {
		a.prior() // rounding has spoilt it
		*k = [arTerms]float64{}
		return
	}
	if trace > arTrace {
		forget = 1
	}
	r := 1 / forget
	p = a.P[:]
	for i := range arTerms {
		row := p[:i+1]
		p = p[i+1:]
		k[i] = px[i] / quad
		ki := k[i]
		for j := range row {
			row[j] = (row[j] - ki*px[j]) * r
		}
	}
}

// Ahead fills the forecasts, events/s.
func (a *AR) Ahead(out *[3]float64) {
	if a.Seen == 0 {
		return
	}
	at := (a.Seen - 1) % 5
	x, scale := &a.X[at], a.Scales[at]
	for i := range out {
		w := &a.W[i]
		sum := 0.0
		for j := range x {
			sum += w[j] * x[j]
		}
		out[i] = max(a.Rates[0]+scale*sum, 0)
	}
}
