package forecast_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"rubato/env"
	"rubato/env/forecast"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// Worked by hand: l = 10, then e = 10: l = 18, b = 3.2; then x = 30:
// e = 30 - (18 + 0.9*3.2) = 9.12, l = 20.88 + 7.296 = 28.176,
// b = 2.88 + 0.32*9.12 = 5.7984.
func TestHoltMatchesHandComputedSteps(t *testing.T) {
	h := forecast.NewHolt()
	for i, x := range []float64{10, 20, 30} {
		h.Step(env.Time(i+1)*1e9, x)
	}
	near(t, "level", h.Level, 28.176)
	near(t, "trend", h.Trend, 5.7984)
	var rate, spread [3]float64
	h.Predict(&rate, &spread)
	near(t, "1 s ahead", rate[0], 28.176+5.7984*0.9)
	near(t, "3 s ahead", rate[1], 28.176+5.7984*(0.9+0.81+0.729))
	near(t, "5 s ahead", rate[2], 28.176+5.7984*(0.9+0.81+0.729+0.6561+0.59049))
	// The second forecast, 18 + 0.9*3.2 = 20.88, was off by 9.12; the first by
	// 10, and each step is a tenth of the mean rate so far: down a fifth of it
	// as the error was below.
	const fade = 1 - 1./300
	scale := (10*fade*fade + 20*fade + 30) / (fade*fade + fade + 1)
	near(t, "spread 1 s ahead", spread[0], 10-0.1*scale*0.2)
	near(t, "spread 5 s ahead, not yet known", spread[2], 0)
}

func TestHoltBeatsLastValueOnARamp(t *testing.T) {
	h := forecast.NewHolt()
	rng := rand.New(rand.NewPCG(1, 2))
	at := func(s int) float64 { // 30 s trapezoids of 100 to 800, every minute
		switch s %= 60; {
		case s < 10:
			return 100 + 70*float64(s)
		case s < 20:
			return 800
		case s < 30:
			return 800 - 70*float64(s-20)
		}
		return 100
	}
	var holt, last [3]float64
	var rate, spread [3]float64
	for s := range 3600 {
		x := at(s) + 10*rng.NormFloat64()
		h.Step(env.Time(s)*1e9, x)
		h.Predict(&rate, &spread)
		for i, ahead := range forecast.Horizons {
			holt[i] += math.Abs(rate[i] - at(s+ahead))
			last[i] += math.Abs(x - at(s+ahead))
		}
	}
	for i, ahead := range forecast.Horizons {
		t.Logf("%d s ahead: Holt %.1f, last value %.1f", ahead, holt[i]/3600, last[i]/3600)
		if holt[i] > 0.85*last[i] {
			t.Errorf("%d s ahead: mean error %.1f, last value's %.1f", ahead, holt[i]/3600, last[i]/3600)
		}
	}
}

func TestHoltSpreadCoversEightyPercent(t *testing.T) {
	h := forecast.NewHolt()
	rng := rand.New(rand.NewPCG(3, 4))
	x := make([]float64, 20005)
	for i := range x {
		x[i] = 200 + 30*rng.NormFloat64()
	}
	var rate, spread [3]float64
	var in [3]int
	for s := range 20000 {
		h.Step(env.Time(s)*1e9, x[s])
		h.Predict(&rate, &spread)
		for i, ahead := range forecast.Horizons {
			if math.Abs(rate[i]-x[s+ahead]) <= spread[i] {
				in[i]++
			}
		}
	}
	for i, ahead := range forecast.Horizons {
		if share := float64(in[i]) / 20000; share < 0.77 || share > 0.83 {
			t.Errorf("%d s ahead: %.3f of the interval's forecasts came true, want 0.8", ahead, share)
		}
	}
}

func TestHoltIsAlwaysFiniteAndSavesExactly(t *testing.T) {
	rates := rapid.OneOf(rapid.Float64(), rapid.Float64Range(0, 1e6), rapid.SampledFrom([]float64{
		0, math.NaN(), math.Inf(1), math.Inf(-1), -1, math.MaxFloat64, math.SmallestNonzeroFloat64,
	}))
	rapid.Check(t, func(t *rapid.T) {
		h := forecast.NewHolt()
		for i, x := range rapid.SliceOfN(rates, 0, 40).Draw(t, "rates") {
			h.Step(env.Time(i)*1e9, x)
		}
		b, err := h.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		again := forecast.NewHolt()
		if err := again.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
		for i, x := range rapid.SliceOfN(rates, 1, 20).Draw(t, "more") {
			h.Step(env.Time(i)*1e9, x)
			again.Step(env.Time(i)*1e9, x)
			var r0, s0, r1, s1 [3]float64
			h.Predict(&r0, &s0)
			again.Predict(&r1, &s1)
			if r0 != r1 || s0 != s1 || *h != *again {
				t.Fatalf("read back, it goes another way: %v %v, %v %v", r0, s0, r1, s1)
			}
			for j := range r0 {
				if math.IsNaN(r0[j]+s0[j]) || math.IsInf(r0[j]+s0[j], 0) || r0[j] < 0 || s0[j] < 0 {
					t.Fatalf("forecast %v, spread %v", r0, s0)
				}
			}
		}
	})
}

func TestHoltAllocatesNothing(t *testing.T) {
	h := forecast.NewHolt()
	var rate, spread [3]float64
	if n := testing.AllocsPerRun(100, func() {
		h.Step(0, 10)
		h.Predict(&rate, &spread)
	}); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}

func BenchmarkHolt(b *testing.B) {
	h := forecast.NewHolt()
	var rate, spread [3]float64
	b.ReportAllocs()
	for b.Loop() {
		h.Step(0, 10)
		h.Predict(&rate, &spread)
	}
}
