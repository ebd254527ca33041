package sim_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"rubato/env/sim"
)

func TestWorkloadsHaveAMeanRateOfAboutOne(t *testing.T) {
	for _, w := range sim.Workloads() {
		total, shapes := 0.0, 25
		for shape := range uint64(shapes) {
			load, rng := w.New(rand.New(rand.NewPCG(shape, 0))), rand.New(rand.NewPCG(shape, 1))
			const seconds = 15_000
			sum := 0.0
			for range seconds {
				x := load.Next(rng)
				if !(x >= 0) || math.IsInf(x, 0) {
					t.Fatalf("%s: a rate of %v", w.Name, x)
				}
				sum += x
			}
			total += sum / seconds
		}
		mean := total / float64(shapes)
		t.Logf("%s: %.3f", w.Name, mean)
		if math.Abs(mean-1) > 0.1 {
			t.Errorf("%s has a mean rate of %.3f", w.Name, mean)
		}
	}
}

func TestWorkloadsAreDrawnFromTheirSeedAlone(t *testing.T) {
	for _, w := range sim.Workloads() {
		var drawn [2][]float64
		for i := range drawn {
			load, rng := w.New(rand.New(rand.NewPCG(5, 0))), rand.New(rand.NewPCG(6, 1))
			for range 1000 {
				drawn[i] = append(drawn[i], load.Next(rng))
			}
		}
		if !slices.Equal(drawn[0], drawn[1]) {
			t.Errorf("%s: two draws of one seed differ", w.Name)
		}
	}
}

func TestWorkloadsHaveNamesOfTheirOwnInOrder(t *testing.T) {
	var names []string
	for _, w := range sim.Workloads() {
		names = append(names, w.Name)
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("workloads %v", names)
	}
}

// Half of the seconds of a bursty workload's shapes see the rate leap by more
// than a steady one's ever does.
func TestBurstyWorkloadsLeap(t *testing.T) {
	for _, w := range sim.Workloads() {
		leaps, shapes := 0, 40
		for shape := range uint64(shapes) {
			load, rng := w.New(rand.New(rand.NewPCG(shape, 0))), rand.New(rand.NewPCG(shape, 1))
			lo, hi := math.Inf(1), 0.0
			for range 1200 {
				x := load.Next(rng)
				lo, hi = min(lo, x), max(hi, x)
			}
			if hi > 2*lo {
				leaps++
			}
		}
		if w.Bursty && leaps < shapes/2 {
			t.Errorf("%s: only %d of %d shapes double within 20 minutes", w.Name, leaps, shapes)
		}
	}
}
