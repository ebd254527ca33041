package bench

import (
	"math"
	"math/rand/v2"
	"sync"

	"rubato/env/forecast"
	"rubato/env/forecast/train"
)

// Tuned are the baselines' parameters that do best on the series that the LSTM
// is trained on.
type Tuned struct {
	EMA   float64 `json:"ema"`
	Alpha float64 `json:"alpha"`
	Beta  float64 `json:"beta"`
	Phi   float64 `json:"phi"`
}

const (
	tuneSeries  = 40
	tuneSeconds = 1200
)

// Tune searches, once, the gains of the mean and of the damped trend on series
// drawn by the training's generator: least mean absolute error in scales, over
// all horizons.
var Tune = sync.OnceValue(tune)

func tune() Tuned {
	var all []*Series
	for i := range uint64(tuneSeries) {
		s := train.NewSeries(rand.New(rand.NewPCG(i+1, 0x7d4e)))
		one := &Series{}
		for range tuneSeconds {
			one.Counts = append(one.Counts, s.Next())
		}
		all = append(all, one)
	}
	cost := func(make func() points) float64 {
		sum := 0.0
		for _, s := range all {
			sum += scaled(make(), s)
		}
		return sum
	}
	var t Tuned
	best := math.Inf(1)
	for _, gain := range []float64{0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9} {
		if c := cost(func() points { return &ema{gain: gain} }); c < best {
			best, t.EMA = c, gain
		}
	}
	best = math.Inf(1)
	for _, alpha := range []float64{0.4, 0.6, 0.8, 1} {
		for _, beta := range []float64{0.1, 0.2, 0.4, 0.8} {
			for _, phi := range []float64{0.5, 0.7, 0.9, 0.97} {
				if c := cost(func() points { return &holt{alpha: alpha, beta: beta, phi: phi} }); c < best {
					best, t.Alpha, t.Beta, t.Phi = c, alpha, beta, phi
				}
			}
		}
	}
	return t
}

// scaled is the mean absolute error in scales over a series.
func scaled(m points, s *Series) float64 {
	var (
		scaler forecast.Scaler
		x      [forecast.Inputs]float64
		out    [3]float64
		sum    float64
	)
	for t, rate := range s.Counts {
		scaler.Step(rate, &x)
		m.step(rate, scaler.Scale(), &out)
		if t < warm {
			continue
		}
		for i, h := range forecast.Horizons {
			if t+h < len(s.Counts) {
				sum += math.Abs(s.Counts[t+h]-out[i]) / scaler.Scale()
			}
		}
	}
	return sum / float64(len(s.Counts))
}
