package threshold

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rubato/env"
	"rubato/policy"
)

func network(t testing.TB) *policy.Network {
	t.Helper()
	l := policy.Layout{Inputs: env.NumFeatures, Width: 32}
	n, err := policy.NewNetwork(l, l.Initial(rand.New(rand.NewPCG(1, 1))))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// model is a query of 0.2 s a batch, 100 events/s and a batch's price of 1.
func model(t testing.TB) *Model {
	t.Helper()
	l, err := env.NewLadder(100*time.Millisecond, 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return &Model{
		Settings: env.Settings{Weights: env.Weights{Latency: 1, Batch: 1, Empty: 1}, Ladder: l, Grace: 10 * time.Second},
		Overhead: 0.2, PerRow: 1e-4, Reference: 100,
	}
}

func steady(n int) []float32 {
	counts := make([]float32, n)
	for i := range counts {
		counts[i] = 100
	}
	return counts
}

func improve(t *testing.T, counts []float32, from float64) float64 {
	t.Helper()
	to, err := Improve(t.Context(), network(t), model(t), counts, from)
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func TestAThresholdThatIsFarOffComesBackFromBothSidesAndStays(t *testing.T) {
	var ends [2]float64
	for i, from := range []float64{Lowest, Highest} {
		at := from
		for range 6 {
			at = improve(t, steady(Least), at)
		}
		if again := improve(t, steady(Least), at); again != at || math.Abs(at-from) < 0.4 {
			t.Errorf("from %v it came to %v, and goes on to %v", from, at, again)
		}
		ends[i] = at
	}
	if math.Abs(ends[0]-ends[1]) > 0.7 { // about the optimum a step of 0.4 is worth less than 1 %
		t.Errorf("from the two sides it ends at %v", ends)
	}
}

func TestTheSameArgumentsGiveTheSameShift(t *testing.T) {
	if a, b := improve(t, steady(Least), Highest), improve(t, steady(Least), Highest); a != b || a == Highest {
		t.Errorf("%v and %v", a, b)
	}
}

func TestNothingMovesOnTooLittle(t *testing.T) {
	if to := improve(t, steady(Least-1), Highest); to != Highest {
		t.Errorf("moved to %v", to)
	}
	if to := improve(t, make([]float32, Least), 0.1); to != 0.1 {
		t.Errorf("moved to %v where nothing ever came", to)
	}
}

func TestASearchThatIsStoppedEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Improve(ctx, network(t), model(t), steady(Window), 0); err == nil {
		t.Error("it says nothing of being stopped")
	}
}

func TestARecordLosesNoEventAndKeepsTheSecondsApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r Record
		now, total := env.Time(rapid.Int64Range(1, 5e9).Draw(t, "start")), 0.0
		r.Add(now, total)
		for range rapid.IntRange(1, 60).Draw(t, "ticks") {
			now += env.Time(rapid.Int64Range(0, 3e9).Draw(t, "dt"))
			total += rapid.Float64Range(0, 1e4).Draw(t, "events")
			r.Add(now, total)
			if rapid.IntRange(0, 9).Draw(t, "saved") == 0 {
				again, err := ReadRecord(r.Append(nil))
				if err != nil || string(again.Append(nil)) != string(r.Append(nil)) {
					t.Fatalf("not read as saved: %v", err)
				}
				r = again
			}
		}
		sum := r.part
		for _, n := range r.Counts() {
			sum += float64(n)
		}
		if math.Abs(sum-r.total) > 1e-3*(1+r.total) || r.total > total {
			t.Fatalf("%v of %v events are known", sum, r.total)
		}
	})
}

func TestARecordKeepsAWindowAndBeginsAnewAfterAGap(t *testing.T) {
	var r Record
	for s := range env.Time(Window + 50) {
		r.Add((s+1)*1e9, float64(10*s*s))
	}
	if r.Seconds() != Window || r.Counts()[Window-1] != 10*(2*(Window+49)-1) {
		t.Errorf("%d seconds, the last %v", r.Seconds(), r.Counts()[Window-1])
	}
	r.Restart(2000e9, 5)
	r.Add(2001e9, 12)
	if n := r.Counts(); r.Seconds() != Window || n[Window-1] != 7 {
		t.Errorf("after a restart the last second has %v", n[Window-1])
	}
	r.Add(4000e9, 13)
	if r.Seconds() != 0 {
		t.Errorf("%d seconds are known after a gap", r.Seconds())
	}
}

func TestADamagedRecordIsRefused(t *testing.T) {
	var r Record
	r.Add(1e9, 0)
	r.Add(3e9, 7)
	whole := r.Append(nil)
	for _, bad := range [][]byte{nil, whole[:23], whole[:len(whole)-1], append(whole[:24:24], 0, 0, 0xc0, 0x7f)} {
		if _, err := ReadRecord(bad); err == nil {
			t.Errorf("%d bytes were read", len(bad))
		}
	}
}

func TestMovedProbabilitiesTriggerWhereTheMarginExceedsTheShift(t *testing.T) {
	net := network(t)
	rapid.Check(t, func(t *rapid.T) {
		var f env.Features
		for i := range f {
			f[i] = rapid.Float64Range(-4, 4).Draw(t, "x")
		}
		f[env.FeatureFiresShortened], f[env.FeatureFiresKept], f[env.FeatureBottom] = 1, 0, 0
		shift := rapid.Float64Range(Lowest, Highest).Draw(t, "shift")
		margin := net.Margin(f[:], env.Shorten, env.Keep)
		if math.Abs(margin-shift) < 1e-9 {
			t.Skip("a tie")
		}
		var p policy.Probabilities
		mask := env.Mask{true, true, false}
		net.Act(f[:], mask, &p)
		Move(&p, mask, shift)
		if fires := p.Argmax(mask) == env.Shorten; !p.Valid(mask) || fires != (margin > shift) {
			t.Fatalf("margin %v, shift %v: %v", margin, shift, p)
		}
	})
}

func BenchmarkImprove(b *testing.B) {
	net, m, counts := network(b), model(b), steady(Window)
	for b.Loop() {
		if _, err := Improve(b.Context(), net, m, counts, 0); err != nil {
			b.Fatal(err)
		}
	}
}
