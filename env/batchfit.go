package env

import "math"

// maxCount is the most that is believed of a count: beyond it a float64 does
// not count one by one.
const maxCount = 1 << 53

// slow follows batches that take much longer than the fit predicts: snapshots
// of state each so many batches, or stragglers.
type slow struct {
	Every float64 // smoothed number of batches from one to the next, 0 for none
	Since float64 // batches since the last, or since the start
	Extra float64 // smoothed time beyond the prediction, s
}

const slowGain = 0.3

// observe takes in a batch of d seconds where the given ones were predicted.
func (s *slow) observe(d, predicted float64) {
	s.Since = min(s.Since+1, maxCount)
	if !(d > 2*predicted+0.05) || d > referenceSpan {
		return
	}
	if s.Every == 0 {
		s.Every, s.Extra = s.Since, d-predicted
	}
	s.Every += slowGain * (s.Since - s.Every)
	s.Extra += slowGain * (d - predicted - s.Extra)
	s.Since = 0
}

// BatchFit fits a batch's duration as overhead + perRow x events: least
// squares with old batches forgotten by 2 % each, both parts held positive. A
// straggler is taken in at four times the usual residual at most. With few
// points, or all of one size, it tends to call all of the duration overhead.
type BatchFit struct {
	// Weight is the weighted count of batches; Rows and Duration their means;
	// RowsRows and RowsDuration the weighted sums of products about the means.
	Weight, Rows, Duration, RowsRows, RowsDuration float64
	// Residual is the smoothed absolute residual, s.
	Residual float64
	// A and B are the fit: s, and s per event.
	A, B float64
}

const (
	fitForget  = 0.98
	fitWinsor  = 4
	fitFloor   = 0.005 // s: no batch has less overhead
	fitDefault = 0.2   // s: the overhead before any batch was seen
)

// Observe takes in a batch of rows events that took the given seconds. What
// cannot be, or took longer than a day, is left out.
func (f *BatchFit) Observe(rows, seconds float64) {
	if !(rows >= 0 && rows <= maxCount) || !(seconds > 0 && seconds <= referenceSpan) {
		return
	}
	if f.Weight > 0 {
		expected := f.A + f.B*rows
		off := seconds - expected
		if f.Weight > 4 {
			limit := fitWinsor * max(f.Residual, 0.02*expected, 0.001)
			off = min(max(off, -limit), limit)
			seconds = max(expected+off, 0.001)
		}
		f.Residual += 0.1 * (math.Abs(off) - f.Residual)
	}
	f.Weight = fitForget*f.Weight + 1
	dn, dy := rows-f.Rows, seconds-f.Duration
	f.Rows += dn / f.Weight
	f.Duration += dy / f.Weight
	f.RowsRows = fitForget*f.RowsRows + dn*(rows-f.Rows)
	f.RowsDuration = fitForget*f.RowsDuration + dn*(seconds-f.Duration)
	f.solve()
}

func (f *BatchFit) solve() {
	f.B = 0
	ridge := 0.05 * f.Rows * f.Rows
	if d := f.RowsRows + ridge; d > 0 {
		f.B = max(f.RowsDuration/d, 0)
	}
	f.A = f.Duration - f.B*f.Rows
	if f.A < fitFloor {
		f.A = fitFloor
		if f.Rows > 0 {
			f.B = max(f.Duration-fitFloor, 0) / f.Rows
		}
	}
}

// Overhead is the fitted duration of a batch without events, s, >= 5 ms.
func (f *BatchFit) Overhead() float64 {
	if f.Weight == 0 {
		return fitDefault
	}
	return f.A
}

// PerRow is the fitted time per event, s, >= 0.
func (f *BatchFit) PerRow() float64 { return f.B }
