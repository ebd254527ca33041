package forecast_test

import (
	"testing"

	"rubato/env"
	"rubato/env/forecast"
)

func rates(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(100 + 700*(i/10%2) + i*7919%41)
	}
	return x
}

func BenchmarkEnsemble(b *testing.B) {
	e := forecast.New()
	x := rates(1000)
	var rate, spread [3]float64
	t := env.Time(0)
	b.ReportAllocs()
	for b.Loop() {
		t += 1e9
		e.Step(t, x[t/1e9%1000])
		e.Predict(&rate, &spread)
	}
}

func BenchmarkLSTM(b *testing.B) {
	w := forecast.Trained()
	var (
		s    forecast.Scaler
		c    forecast.Cell
		in   [forecast.Inputs]float64
		out  [forecast.Outputs]float64
		i    int
		seen = rates(1000)
	)
	b.ReportAllocs()
	for b.Loop() {
		i++
		s.Step(seen[i%1000], &in)
		c.Step(w, &in)
		c.Read(&w.Head, &out)
	}
}

func BenchmarkAR(b *testing.B) {
	var a forecast.AR
	var out [3]float64
	x := rates(1000)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		a.Step(x[i%1000], 400, 0.999)
		a.Ahead(&out)
	}
}

func BenchmarkSeasonal(b *testing.B) {
	var a forecast.Seasonal
	var out [3]float64
	x := rates(1000)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		a.Step(x[i%1000])
		a.Ahead(&out)
	}
}
