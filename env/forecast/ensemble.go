package forecast

import (
	"math"

	"rubato/env"
)

// Member is a forecaster of the ensemble.
type Member int

// The members.
const (
	MemberLSTM     Member = iota // as trained
	MemberTuned                  // the same with a head that learns on
	MemberAR                     // recursive least squares
	MemberHolt                   // damped trend
	MemberLast                   // the last rate
	MemberQuick                  // mean over some 3 s
	MemberSteady                 // mean over some 20 s
	MemberSlow                   // mean over some 300 s
	MemberSeasonal               // one period ago
)

const members = int(MemberSeasonal) + 1

// Members are their names, by Member.
var Members = [members]string{"lstm", "lstm-tuned", "ar", "holt", "last", "quick", "steady", "slow", "seasonal"}

// Levels are the quantiles that an Ensemble gives of each horizon: the ends of
// the 90 % and of the 80 % interval, and between them its forecast.
var Levels = [5]float64{0.05, 0.1, 0.5, 0.9, 0.95}

const (
	arForget = 0.999
	// tuneRate is the step of the tuned head, per squared length of its input.
	tuneRate = 0.4
	// peakFade is what is left after a second of the greatest rate, which bounds
	// the forecasts: slower than the scale fades.
	peakFade = 0.9995
	// rest is how long a member that erred stays out, s.
	rest = 30
	// minWidth is the least width of an interval before it is recalibrated, in
	// mean errors.
	minWidth = 0.05
)

// Ensemble is the forecaster in use: LSTM, autoregression, damped trend and
// simple means, mixed for each horizon by their late errors, with an interval of
// the LSTM's shape and of the last 500 residuals' size. A member that says
// nothing finite, or something wild, is left out for 30 s, begins anew, and is
// counted.
type Ensemble struct {
	w    *Weights
	hash string // of w
	s    state
}

var _ env.Forecaster = (*Ensemble)(nil)

// state is all of an Ensemble that is saved: of a fixed size, so that copying it
// is one assignment.
type state struct {
	At   env.Time
	Seen uint64 // seconds without a gap
	Peak float64

	Scaler   Scaler
	Cell     Cell
	Head     tunedHead
	AR       AR
	Holt     Holt
	Means    [3]ema
	Seasonal Seasonal

	Hedge     [3]hedge
	Conformal [3]Conformal
	// Made holds what was forecast in each of the last five seconds.
	Made [5]made
	// Out counts down the seconds that a member stays out; Drops how often each
	// had to.
	Out, Drops [members]uint64
	Quantiles  [3][5]float64
}

// tunedHead are the columns of a head that say the medians.
type tunedHead [Hidden + 1][len(Horizons)]float64

// medians takes them from a head.
func medians(head *[Hidden + 1][Outputs]float64) (t tunedHead) {
	for j := range t {
		for i := range t[j] {
			t[j][i] = head[j][3*i]
		}
	}
	return t
}

// read says the medians, in scales of change.
func (t *tunedHead) read(h *[Hidden]float64) [len(Horizons)]float64 {
	out := t[Hidden]
	for j, h := range h {
		for i := range out {
			out[i] += h * t[j][i]
		}
	}
	return out
}

// made is what was forecast in one second.
type made struct {
	Rate, Scale float64
	H           [Hidden]float64
	Forecast    [3][members]float64
	Mixed       [3]float64
	Width       [3][2]float64 // below and above
}

// ema is an exponentially weighted mean with its bias corrected.
type ema struct{ Sum, Weight float64 }

func (m *ema) step(x, gain float64) float64 {
	m.Sum += gain * (x - m.Sum)
	m.Weight += gain * (1 - m.Weight)
	return m.Sum / m.Weight
}

var emaGains = [3]float64{0.3, 0.05, 1. / scaleTau}

// New returns the ensemble on the weights that the binary carries.
func New() *Ensemble { return NewEnsemble(Trained(), TrainedHash()) }

// NewEnsemble returns the ensemble on the given weights, which it shares, and
// their hash.
func NewEnsemble(w *Weights, hash string) *Ensemble {
	e := &Ensemble{w: w, hash: hash}
	e.s.Head = medians(&w.Head)
	for i := range e.s.Hedge {
		e.s.Hedge[i] = newHedge()
	}
	return e
}

// CopyFrom implements env.Forecaster; from is an *Ensemble.
func (e *Ensemble) CopyFrom(from env.Forecaster) { *e = *from.(*Ensemble) }

// Predict implements env.Forecaster.
func (e *Ensemble) Predict(rate, spread *[3]float64) {
	for i := range e.s.Quantiles {
		q := &e.s.Quantiles[i]
		rate[i], spread[i] = q[2], (q[3]-q[1])/2
	}
}

// Quantiles fills the quantiles of the rate 1, 3 and 5 s ahead at Levels,
// events/s. They ascend.
func (e *Ensemble) Quantiles(q *[3][5]float64) { *q = e.s.Quantiles }

// Drops tells how often each member was left out: it erred, or seconds of which
// it has a memory were missing.
func (e *Ensemble) Drops() [len(Members)]uint64 { return e.s.Drops }

// Step implements env.Forecaster. Where seconds are missing before t, what
// remembers them begins anew.
func (e *Ensemble) Step(t env.Time, rate float64) {
	s := &e.s
	if !(rate >= 0) {
		rate = 0
	}
	rate = min(rate, maxRate)
	if s.Seen > 0 && t.Sub(s.At) > 1.5 {
		e.gap()
	}
	s.At = t
	for i := range Horizons {
		e.learn(i, rate)
	}
	s.Peak = max(rate, peakFade*s.Peak)
	m := &s.Made[s.Seen%5]
	e.forecast(rate, m)
	for i := range Horizons {
		e.mix(i, m)
	}
	s.Seen++
}

// gap makes the members with a memory of the last seconds begin anew.
func (e *Ensemble) gap() {
	for _, m := range [...]Member{MemberLSTM, MemberAR, MemberSeasonal, MemberHolt} {
		e.drop(m)
	}
	e.s.Seen = 0
}

// drop leaves a member out for a while, and makes it forget.
func (e *Ensemble) drop(m Member) {
	s := &e.s
	s.Drops[m]++
	s.Out[m] = rest
	switch m {
	case MemberLSTM, MemberTuned:
		s.Cell, s.Scaler, s.Head = Cell{}, Scaler{}, medians(&e.w.Head)
		s.Out[MemberLSTM], s.Out[MemberTuned] = rest, rest
	case MemberAR:
		s.AR = AR{}
	case MemberHolt:
		s.Holt = Holt{}
	case MemberSeasonal:
		s.Seasonal = Seasonal{}
	case MemberQuick, MemberSteady, MemberSlow:
		s.Means[m-MemberQuick] = ema{}
	}
}

// learn takes in what came of a horizon's forecast of this second.
func (e *Ensemble) learn(i int, rate float64) {
	s := &e.s
	h := uint64(Horizons[i])
	if s.Seen < h {
		return
	}
	m := &s.Made[(s.Seen-h)%5]
	miss := rate - m.Mixed[i]
	width := m.Width[i][1]
	if miss < 0 {
		width = m.Width[i][0]
	}
	if miss == 0 {
		s.Conformal[i].Add(0)
	} else if width > 0 {
		s.Conformal[i].Add(miss / width)
	}
	s.Hedge[i].learn(rate, m.Mixed[i], &m.Forecast[i])
	e.tune(i, rate, m)
}

// tune moves the tuned head's median of a horizon down the gradient of the
// rounded absolute error, normalised by the length of its input.
func (e *Ensemble) tune(i int, rate float64, m *made) {
	const round = 0.1 // scales
	u := (rate - m.Forecast[i][MemberTuned]) / m.Scale
	norm := 1.0
	for _, h := range m.H {
		norm += h * h
	}
	step := tuneRate * u / math.Sqrt(1+u*u/(round*round)) / norm
	head := &e.s.Head
	for j, h := range m.H {
		head[j][i] += step * h
	}
	head[Hidden][i] += step
}

// forecast moves the members on by a second and asks them.
func (e *Ensemble) forecast(rate float64, m *made) {
	s := &e.s
	var x [Inputs]float64
	s.Scaler.Step(rate, &x)
	scale := s.Scaler.Scale()
	s.Cell.Step(e.w, &x)
	s.AR.Step(rate, scale, arForget)
	s.Holt.Step(0, rate)
	s.Seasonal.Step(rate)
	m.Rate, m.Scale, m.H = rate, scale, s.Cell.H

	var out [Outputs]float64
	var ar, seasonal [3]float64
	s.Cell.Read(&e.w.Head, &out)
	tuned := s.Head.read(&s.Cell.H)
	s.AR.Ahead(&ar)
	s.Seasonal.Ahead(&seasonal)
	var means [3]float64
	for k := range means {
		means[k] = s.Means[k].step(rate, emaGains[k])
	}
	for i := range Horizons {
		f := &m.Forecast[i]
		low, mid, high := Spread(out[3*i : 3*i+3])
		m.Width[i] = [2]float64{(mid - low) * scale, (high - mid) * scale}
		f[MemberLSTM] = max(rate+mid*scale, 0)
		f[MemberTuned] = max(rate+tuned[i]*scale, 0)
		f[MemberAR], f[MemberHolt], f[MemberLast] = ar[i], s.Holt.ahead(i), rate
		f[MemberQuick], f[MemberSteady], f[MemberSlow] = means[0], means[1], means[2]
		f[MemberSeasonal] = seasonal[i]
	}
	e.guard(rate, m)
}

// guard leaves out whoever erred.
func (e *Ensemble) guard(rate float64, m *made) {
	s := &e.s
	limit := headroom * s.Peak
	for k := range Member(members) {
		if s.Out[k] > 0 {
			s.Out[k]--
		}
		for i := range Horizons {
			if f := m.Forecast[i][k]; !(f >= 0 && f <= limit) {
				e.drop(k)
				break
			}
		}
	}
	for k := range Member(members) {
		if s.Out[k] == 0 {
			continue
		}
		for i := range Horizons {
			m.Forecast[i][k] = rate
			if k == MemberLSTM {
				m.Width[i] = [2]float64{}
			}
		}
	}
}

// mix makes the forecast of a horizon and its interval.
func (e *Ensemble) mix(i int, m *made) {
	s := &e.s
	h := &s.Hedge[i]
	mid := h.mix(&m.Forecast[i], &s.Out)
	m.Mixed[i] = mid
	least := minWidth * m.Scale
	if s.Seen > uint64(Horizons[i]) {
		least = minWidth * h.Error / h.ErrorWeight
	}
	for k := range m.Width[i] {
		if m.Width[i][k] == 0 { // the LSTM is out
			m.Width[i][k] = least / minWidth
		}
		m.Width[i][k] = max(m.Width[i][k], least)
	}
	levels := [4]float64{Levels[0], Levels[1], Levels[3], Levels[4]}
	var z [4]float64
	s.Conformal[i].Quantiles(&levels, &z)
	q := &s.Quantiles[i]
	for k, z := range z {
		w := m.Width[i][1]
		if z < 0 {
			w = m.Width[i][0]
		}
		at := k
		if k > 1 {
			at = k + 1
		}
		q[at] = min(max(mid+z*w, 0), 10*headroom*s.Peak)
	}
	q[2] = mid
	q[1] = min(q[1], mid)
	q[0] = min(q[0], q[1])
	q[3] = max(q[3], mid)
	q[4] = max(q[4], q[3])
}
