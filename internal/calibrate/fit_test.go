package calibrate

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"rubato/env/sim"
)

// truth is a query whose batches are drawn by the model.
type truth struct {
	a, b, sigma, warmup, growth float64
	slow                        sim.Straggler
	snapshot                    sim.Snapshot
}

// drawn is a recorded run of n batches, s.gap apart, on a driver of its own.
func (tr truth) drawn(rng *rand.Rand, n int, gap float64) *Run {
	r := &Run{Query: "app/query", ID: "run", App: "app"}
	at, before := 100.0, 100.0
	for k := 1; k <= n; k++ {
		rows := math.Ceil(math.Exp(rng.Float64() * 9))
		work := (tr.a*(1+tr.growth*(at-100)/3600) + tr.b*rows) * (1 + tr.warmup/float64(k))
		if rng.Float64() < tr.slow.Probability {
			work *= tr.slow.Factor
		} else {
			work *= math.Exp(tr.sigma * rng.NormFloat64())
		}
		if e := tr.snapshot.Every; e > 0 && k%e == 0 {
			work += tr.snapshot.Seconds
		}
		r.Busy = append(r.Busy, Span{at, at + work})
		r.Batches = append(r.Batches, Batch{
			Number: uint64(k), Start: at, End: at + work, Rows: rows, Due: at, Arrived: (before + at) / 2,
		})
		before, at = at, max(at+gap, at+work)
	}
	return r
}

func fitted(tb rapid.TB, runs ...*Run) Result {
	results, err := Fit(runs)
	if err != nil {
		tb.Fatal(err)
	}
	return results[0]
}

// near fails where got is off want by more than a share of it.
func near(tb rapid.TB, what string, got, want, share float64) {
	tb.Helper()
	if math.Abs(got-want) > share*want {
		tb.Errorf("%s: fitted %.5g, truly %.5g", what, got, want)
	}
}

func TestOverheadTimePerRowAndNoiseAreRecovered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := truth{
			a:     math.Exp(rapid.Float64Range(math.Log(0.02), math.Log(5)).Draw(t, "overhead")),
			sigma: rapid.Float64Range(0.03, 0.3).Draw(t, "noise"),
		}
		tr.b = tr.a * math.Exp(rapid.Float64Range(math.Log(1e-4), math.Log(1e-1)).Draw(t, "rows"))
		q := fitted(t, tr.drawn(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)), 1200, 1)).Queries[0]
		for _, rows := range []float64{1, 100, 8000} {
			near(t, "batch time", q.median[0]+q.median[1]*rows, tr.a+tr.b*rows, 0.5*tr.sigma+0.02)
		}
		near(t, "noise", q.Model.Noise, tr.sigma, 0.25)
		if q.Model.Snapshot.Every != 0 || q.Model.Straggler.Probability != 0 || q.Model.Growth != 0 {
			t.Errorf("made up: %+v", q.Model)
		}
		if c := q.Judged.Coverage; c < 0.8 || c > 0.97 { // of 550 batches, by 550 others: +- 2 %
			t.Errorf("the 90 %% interval of the true model holds %v", c)
		}
	})
}

func TestMeansAreHandedToTheSimulator(t *testing.T) {
	tr := truth{a: 0.2, b: 1e-4, sigma: 0.3}
	q := fitted(t, tr.drawn(rand.New(rand.NewPCG(1, 0)), 2000, 1)).Queries[0]
	near(t, "mean overhead", q.Model.Overhead.Seconds(), tr.a*math.Exp(0.045), 0.05)
	near(t, "mean time per row", q.Model.PerRow, tr.b*math.Exp(0.045), 0.1)
}

func TestAFewAbsurdBatchesDoNotMoveTheFit(t *testing.T) {
	tr := truth{a: 0.2, b: 2e-5, sigma: 0.1}
	rng := rand.New(rand.NewPCG(2, 0))
	r := tr.drawn(rng, 400, 2)
	for _, i := range rng.Perm(400)[:20] {
		r.Batches[i].End += 60
	}
	q := fitted(t, r).Queries[0]
	near(t, "overhead", q.median[0], tr.a, 0.08)
	near(t, "time per row", q.median[1], tr.b, 0.08)
	near(t, "stragglers", q.Model.Straggler.Probability, 0.05, 0.4)
}

func TestWarmUpIsRecovered(t *testing.T) {
	tr := truth{a: 0.2, b: 2e-5, sigma: 0.1, warmup: 3}
	q := fitted(t, tr.drawn(rand.New(rand.NewPCG(3, 0)), 400, 1)).Queries[0]
	near(t, "warm-up", q.Model.Warmup, tr.warmup, 0.3)
	near(t, "overhead", q.median[0], tr.a, 0.08)
}

func TestStragglersAreToldFromNoise(t *testing.T) {
	tr := truth{a: 0.2, b: 2e-5, sigma: 0.15, slow: sim.Straggler{Probability: 0.03, Factor: 4}}
	q := fitted(t, tr.drawn(rand.New(rand.NewPCG(4, 0)), 2000, 1)).Queries[0]
	near(t, "probability", q.Model.Straggler.Probability, 0.03, 0.4)
	near(t, "factor", q.Model.Straggler.Factor, 4, 0.15)
	near(t, "noise", q.Model.Noise, 0.15, 0.15)
}

func TestSnapshotsAreFoundByTheirPeriod(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := truth{a: 0.2, b: 1e-5, sigma: 0.1}
		tr.snapshot = sim.Snapshot{Every: rapid.IntRange(2, 20).Draw(t, "period"), Seconds: rapid.Float64Range(0.15, 2).Draw(t, "seconds")}
		q := fitted(t, tr.drawn(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)), 600, 1)).Queries[0]
		if q.Model.Snapshot.Every != tr.snapshot.Every {
			t.Fatalf("a period of %d was taken for %d", tr.snapshot.Every, q.Model.Snapshot.Every)
		}
		near(t, "seconds", q.Model.Snapshot.Seconds, tr.snapshot.Seconds, 0.3)
		near(t, "overhead", q.median[0], tr.a, 0.1)
	})
}

func TestGrowthIsFoundInALongRunOnly(t *testing.T) {
	tr := truth{a: 0.2, b: 1e-5, sigma: 0.1, growth: 1.5}
	q := fitted(t, tr.drawn(rand.New(rand.NewPCG(5, 0)), 1800, 2)).Queries[0]
	near(t, "growth", q.Model.Growth, tr.growth, 0.15)
	near(t, "overhead", q.median[0], tr.a, 0.08)
	short := fitted(t, tr.drawn(rand.New(rand.NewPCG(5, 0)), 200, 2)).Queries[0]
	if short.Model.Growth != 0 {
		t.Errorf("growth of %v an hour was made of a run of 400 s", short.Model.Growth)
	}
}

func TestABatchBesideOthersTakesAsLongAsItsWorkIsStretched(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var busy []Span
		at := 0.0
		for range rapid.IntRange(0, 8).Draw(t, "others") {
			at += rapid.Float64Range(0, 2).Draw(t, "gap")
			to := at + rapid.Float64Range(0.01, 2).Draw(t, "length")
			busy = append(busy, Span{at, to})
			at = to
		}
		one, other := &Run{}, &Run{Busy: busy}
		from, length := rapid.Float64Range(0, 5).Draw(t, "from"), rapid.Float64Range(0.01, 8).Draw(t, "duration")
		one.Batches = []Batch{{Start: from, End: from + length}}
		runs := []*Run{one, other}
		share(runs)
		s := sharing{1, rapid.Float64Range(0.1, 3).Draw(t, "contention")}
		if got := s.stretch(others(runs, one), from, s.alone(&one.Batches[0])); math.Abs(got-length) > 1e-6 {
			t.Fatalf("a batch of %v s comes back as %v", length, got)
		}
	})
}

func TestTooFewBatchesAreAnError(t *testing.T) {
	tr := truth{a: 0.2, b: 1e-5, sigma: 0.1}
	if _, err := Fit([]*Run{tr.drawn(rand.New(rand.NewPCG(7, 0)), fewest-1, 1)}); err == nil {
		t.Fatal("fitted")
	}
	if _, err := Fit(nil); err == nil {
		t.Fatal("fitted nothing")
	}
}
