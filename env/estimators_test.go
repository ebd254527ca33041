package env

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestRatesAreTheMeanFromTheFirstSampleOn(t *testing.T) {
	var r Rates
	near(t, "before any", r.R15(), 0)
	r.Observe(0.2, 20)
	for _, x := range []float64{r.R05(), r.R2(), r.R15(), r.R300()} {
		near(t, "after one sample", x, 100)
	}
	// One time constant later at 0, the share 1/e of it is left, over the
	// weight of all.
	r.Observe(2, 0)
	w := 1 - math.Exp(-0.1)
	near(t, "r2", r.R2(), 100*w*math.Exp(-1)/(1-math.Exp(-1.1)))
}

func TestReferenceRateDoesNotDependOnHowTimeIsCut(t *testing.T) {
	var a, b Rates
	for range 600 {
		a.Seconds(1, 5)
	}
	b.Seconds(200, 5)
	b.Seconds(400, 5)
	near(t, "in one-second steps", a.Reference(), 5)
	near(t, "in two steps", b.Reference(), 5)
	a.Seconds(86400, 0)
	near(t, "after an idle day", a.Reference(), 5*(1-math.Exp(-600./86400))*math.Exp(-1)/(1-math.Exp(-1-600./86400)))
}

func TestBatchFitFindsOverheadAndTimePerRow(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var f BatchFit
	near(t, "overhead before any batch", f.Overhead(), 0.2)
	for range 200 {
		n := 1000 * rng.Float64()
		f.Observe(n, (0.3+n/2000)*math.Exp(0.05*rng.NormFloat64()))
	}
	if math.Abs(f.Overhead()-0.3) > 0.03 || math.Abs(f.PerRow()-0.0005) > 0.00005 {
		t.Errorf("%v + %v n, want 0.3 + 0.0005 n", f.Overhead(), f.PerRow())
	}
}

func TestBatchFitIsNotMovedFarByAStraggler(t *testing.T) {
	var f BatchFit
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 50 {
		f.Observe(float64(i%10)*100, 0.3+float64(i%10)*0.05+0.01*rng.NormFloat64())
	}
	before := f.Overhead() + f.PerRow()*500
	f.Observe(500, 60)
	if after := f.Overhead() + f.PerRow()*500; math.Abs(after/before-1) > 0.05 {
		t.Errorf("one batch of 60 s moved %v to %v", before, after)
	}
	for range 200 {
		f.Observe(500, 3)
	}
	if got := f.Overhead() + f.PerRow()*500; math.Abs(got-3) > 0.3 {
		t.Errorf("batches have long taken 3 s, the fit says %v", got)
	}
}

func TestBatchFitIsAlwaysSane(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f BatchFit
		n := rapid.IntRange(1, 30).Draw(t, "batches")
		for range n {
			f.Observe(rapid.OneOf(rapid.Float64Range(0, 1e9), rapid.Float64()).Draw(t, "rows"),
				rapid.OneOf(rapid.Float64Range(0, 1e4), rapid.Float64Range(0, 0.01), rapid.Just(math.NaN())).Draw(t, "seconds"))
			if !(f.Overhead() >= fitFloor) || !(f.PerRow() >= 0) || !finite(f.Overhead()+f.PerRow()) {
				t.Fatalf("%v + %v n", f.Overhead(), f.PerRow())
			}
		}
	})
}
