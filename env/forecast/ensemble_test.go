package forecast_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"rubato/env"
	"rubato/env/forecast"
)

// wild are rates that a source may claim.
var wild = rapid.OneOf(rapid.Float64Range(0, 1000), rapid.Float64Range(0, 1e6), rapid.SampledFrom([]float64{
	0, 0, 0, math.NaN(), math.Inf(1), math.Inf(-1), -1, math.MaxFloat64, math.SmallestNonzeroFloat64,
}))

// times draws the ends of n seconds, with gaps.
func times(t *rapid.T, from env.Time, n int) []env.Time {
	at := make([]env.Time, n)
	for i := range at {
		from += env.Time(rapid.SampledFrom([]int{1, 1, 1, 1, 700}).Draw(t, "seconds")) * 1e9
		at[i] = from
	}
	return at
}

func sane(t *rapid.T, e *forecast.Ensemble) {
	var q [3][5]float64
	e.Quantiles(&q)
	for i := range q {
		for k, x := range q[i] {
			if !(x >= 0) || math.IsInf(x, 0) || k > 0 && x < q[i][k-1] {
				t.Fatalf("quantiles %v", q)
			}
		}
	}
}

func TestTheEnsembleIsAlwaysFiniteAndSavesExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := forecast.New()
		before := rapid.SliceOfN(wild, 0, 60).Draw(t, "rates")
		at := times(t, 0, len(before)+20)
		for i, x := range before {
			e.Step(at[i], x)
			sane(t, e)
		}
		b, err := e.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		again, twin := forecast.New(), forecast.New()
		if err := again.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
		twin.CopyFrom(e)
		for i, x := range rapid.SliceOfN(wild, 1, 20).Draw(t, "more") {
			for _, f := range []*forecast.Ensemble{e, again, twin} {
				f.Step(at[len(before)+i], x)
			}
			sane(t, e)
			if *e != *again || *e != *twin {
				t.Fatal("read back or copied, it goes another way")
			}
		}
	})
}

func TestACopyGoesItsOwnWay(t *testing.T) {
	a, b := forecast.New(), forecast.New()
	for i := range 50 {
		a.Step(env.Time(i+1)*1e9, float64(i%7))
	}
	b.CopyFrom(a)
	kept := *a
	b.Step(51e9, 1000)
	if *a != kept || *a == *b {
		t.Error("the copy and the copied share something")
	}
}

// counts draws Poisson counts about a mean rate of each second.
func counts(seed uint64, n int, mean func(s int) float64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 9))
	x := make([]float64, n)
	for i := range x {
		m := mean(i)
		x[i] = max(math.Round(m+math.Sqrt(m)*rng.NormFloat64()), 0)
	}
	return x
}

func trapezoids(s int) float64 {
	switch s %= 75; {
	case s < 12:
		return 100 + 50*float64(s)
	case s < 30:
		return 700
	case s < 36:
		return 700 - 100*float64(s-30)
	}
	return 100
}

// run gives the mean absolute errors of the ensemble and of the last value,
// and the share of seconds in the 90 and the 80 % interval.
func run(e *forecast.Ensemble, x []float64) (miss, last, in90, in80 [3]float64) {
	var q [3][5]float64
	const from = 600
	for s := range len(x) - 5 {
		e.Step(env.Time(s+1)*1e9, x[s])
		e.Quantiles(&q)
		if s < from {
			continue
		}
		n := float64(len(x) - 5 - from)
		for i, h := range forecast.Horizons {
			y := x[s+h]
			miss[i] += math.Abs(y-q[i][2]) / n
			last[i] += math.Abs(y-x[s]) / n
			if y >= q[i][0] && y <= q[i][4] {
				in90[i] += 1 / n
			}
			if y >= q[i][1] && y <= q[i][3] {
				in80[i] += 1 / n
			}
		}
	}
	return miss, last, in90, in80
}

func TestTheEnsembleForeseesRampsAndItsIntervalsHold(t *testing.T) {
	miss, last, in90, in80 := run(forecast.New(), counts(1, 4000, trapezoids))
	for i, h := range forecast.Horizons {
		t.Logf("%d s ahead: %.1f, last value %.1f; in the 90 %% interval %.3f, in the 80 %% %.3f", h, miss[i], last[i], in90[i], in80[i])
		if miss[i] > 0.8*last[i] {
			t.Errorf("%d s ahead: mean error %.1f, the last value's %.1f", h, miss[i], last[i])
		}
		if in90[i] < 0.87 || in90[i] > 0.93 || in80[i] < 0.76 || in80[i] > 0.84 {
			t.Errorf("%d s ahead: %.3f in the 90 %% interval, %.3f in the 80 %%", h, in90[i], in80[i])
		}
	}
}

func TestOnSteadyNoiseTheEnsembleIsTheMean(t *testing.T) {
	x := counts(2, 4000, func(int) float64 { return 50 })
	miss, _, _, _ := run(forecast.New(), x)
	mean := 0.0
	for _, y := range x {
		mean += math.Abs(y-50) / float64(len(x))
	}
	for i, h := range forecast.Horizons {
		if miss[i] > 1.05*mean {
			t.Errorf("%d s ahead: mean error %.2f, the true mean's %.2f", h, miss[i], mean)
		}
	}
}

func TestPredictSaysTheForecastAndHalfTheEightyPercentInterval(t *testing.T) {
	e := forecast.New()
	var rate, spread [3]float64
	e.Predict(&rate, &spread)
	if rate != [3]float64{} || spread != [3]float64{} {
		t.Errorf("before the first second: %v, %v", rate, spread)
	}
	for s, x := range counts(3, 300, trapezoids) {
		e.Step(env.Time(s+1)*1e9, x)
	}
	var q [3][5]float64
	e.Predict(&rate, &spread)
	e.Quantiles(&q)
	for i := range q {
		if rate[i] != q[i][2] || spread[i] != (q[i][3]-q[i][1])/2 {
			t.Errorf("rate %v, spread %v of the quantiles %v", rate[i], spread[i], q[i])
		}
	}
}

func TestTheEnsembleAllocatesNothing(t *testing.T) {
	e, twin := forecast.New(), forecast.New()
	var rate, spread [3]float64
	at := env.Time(0)
	if n := testing.AllocsPerRun(100, func() {
		at += 1e9
		e.Step(at, float64(at/1e9%13))
		e.Predict(&rate, &spread)
		twin.CopyFrom(e)
	}); n != 0 {
		t.Errorf("%v allocations a second", n)
	}
}

func TestUnderOtherWeightsASavedForecasterGoesOn(t *testing.T) {
	e := forecast.New()
	x := counts(4, 400, trapezoids)
	for s, y := range x {
		e.Step(env.Time(s+1)*1e9, y)
	}
	b, err := e.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	other := forecast.NewEnsemble(&forecast.Weights{}, "others")
	if err := other.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	other.Step(401e9, 100)
	var rate, spread [3]float64
	other.Predict(&rate, &spread)
	if !(rate[0] > 0 && rate[0] < 1000) {
		t.Errorf("forecast %v", rate)
	}
}

func TestAForeignOldOrCutStateIsRefusedByName(t *testing.T) {
	e := forecast.New()
	whole, err := e.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	holt, err := forecast.NewHolt().AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	older := append([]byte(nil), whole...)
	older[len("ensemble/2")] = '1'
	for _, c := range []struct {
		state []byte
		want  error
	}{
		{holt, forecast.ErrForeignState}, {[]byte(`{"weights":"","state":"AAAA"}`), forecast.ErrForeignState},
		{older, forecast.ErrStateVersion},
		{nil, forecast.ErrCutState}, {whole[:5], forecast.ErrCutState}, {whole[:len(whole)-1], forecast.ErrCutState},
		{append(whole, 0), forecast.ErrDamagedState},
	} {
		if err := e.UnmarshalBinary(c.state); !errors.Is(err, c.want) {
			t.Errorf("%d bytes: %v, want %v", len(c.state), err, c.want)
		}
	}
	if err := forecast.NewHolt().UnmarshalBinary(whole); !errors.Is(err, forecast.ErrForeignState) {
		t.Errorf("an ensemble's into a Holt: %v", err)
	}
	if err := e.UnmarshalBinary(whole); err != nil {
		t.Error(err)
	}
}

func TestWeightsAreReadAsWritten(t *testing.T) {
	w := forecast.Trained()
	b, err := forecast.EncodeWeights(w, map[string]string{"seed": "1"})
	if err != nil {
		t.Fatal(err)
	}
	again, about, err := forecast.DecodeWeights(b)
	if err != nil || *again != *w || about["seed"] != "1" {
		t.Fatalf("read back as others: %v, %v", about, err)
	}
	damaged := append([]byte(nil), b...)
	damaged[len(b)/2] ^= 1
	version := append([]byte(nil), b...)
	version[len("RUBATO-LSTM\n")]++
	for _, c := range []struct {
		what string
		b    []byte
		want error
	}{
		{"a flipped bit", damaged, forecast.ErrDamaged},
		{"another version", version, forecast.ErrVersion},
		{"cut off", b[:len(b)-1], forecast.ErrDamaged},
		{"lengthened", append(append([]byte(nil), b...), 0), forecast.ErrDamaged},
		{"something else", []byte("RUBATO-POLICY\n"), forecast.ErrFormat},
		{"nothing", nil, forecast.ErrFormat},
	} {
		if _, _, err := forecast.DecodeWeights(c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}
}
