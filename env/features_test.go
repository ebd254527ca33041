package env

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// fields lists every number of an observation.
func fields(o *Observation) []*float64 {
	var out []*float64
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.Array:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		default:
			out = append(out, v.Addr().Interface().(*float64))
		}
	}
	walk(reflect.ValueOf(o).Elem())
	return out
}

func checkFeatures(t interface{ Fatalf(string, ...any) }, o *Observation) {
	var f Features
	o.Features(&f)
	for i, x := range f {
		if !(x >= -featureLimit && x <= featureLimit) {
			t.Fatalf("%s is %v for %+v", FeatureNames[i], x, *o)
		}
	}
}

func TestFeaturesAreFiniteAndClippedForAnyObservation(t *testing.T) {
	checkFeatures(t, &Observation{})
	number := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{
		0, 1, -1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64,
	}), rapid.Float64Range(0, 100))
	rapid.Check(t, func(t *rapid.T) {
		var o Observation
		for _, x := range fields(&o) {
			*x = number.Draw(t, "x")
		}
		checkFeatures(t, &o)
	})
}

func TestFeaturesMatchHandComputedOnes(t *testing.T) {
	o := Observation{
		SinceTrigger: 1, Interval: 2, Shorter: 1, Longer: 4, Rung: 0, Rungs: 3, Period: 0.2,
		Outstanding: 20, Waited: 1.5, OldestAge: 2, Idle: 2, Sighted: 1,
		R05: 30, R2: 20, R15: 10, R300: 5, Reference: 10, Forecast: [3]float64{20, 40, 80}, Spread: [3]float64{10, 10, 10},
		Overhead: 0.5, PerRow: 0.01, Weights: Weights{Latency: 1, Batch: 0.5, Empty: 1}, Target: 4,
		DriverQueries: 3, DriverLeft: 1, NextPrice: 0.5, SlowEvery: 10, SlowSince: 4, SlowExtra: 2,
	}
	var f Features
	o.Features(&f)
	star := 1.0 // sqrt(2 x 0.5 x 10 / 10)
	for i, want := range map[int]float64{
		FeatureWaiting: math.Log(0.3 + 0.001), FeatureWaitingNext: math.Log((0.15 + 0.44 + 0.0005) / 0.5),
		FeatureOutstanding: 1, FeatureInterval: math.Log(2 / star), FeatureElapsed: 0,
		FeatureProgress: math.Log(0.5), FeaturePeriod: math.Log(0.2),
		FeatureFiresShortened: 1, FeatureFiresKept: 0, FeatureFiresLengthened: 0,
		FeatureBottom: 1, FeatureTop: 0,
		FeatureTrend: math.Log(2), FeatureTrendFast: math.Log(1.5), FeatureTrendSlow: math.Log(2),
		FeatureForecast1: 0, FeatureForecast3: math.Log(2), FeatureForecast5: math.Log(4),
		FeatureSpread1: 0.5, FeatureSpread3: 0.25, FeatureSpread5: 0.125,
		FeatureUtilisation: 0.2, FeatureOverhead: math.Log(0.5), FeatureWork: math.Log(1.4),
		FeatureImposed: math.Log(1 + 20*0.49/10), FeatureCap: -4, FeatureFloor: 4,
		FeatureIdle: math.Log(3), FeatureAge: 0.5, FeatureAgeServed: 0.675, FeatureTarget: 1,
		FeatureEmptyPrice: math.Log(2), FeatureMissPrice: -4, FeatureSighted: 1, FeatureWarmup: 0,
		FeatureQueries: math.Log(4), FeatureDriverLeft: math.Log(2), FeatureNextPrice: math.Log(0.5),
		FeatureSlowDue: 0.5, FeatureSlowExtra: math.Log(3),
		FeatureGrain: math.Log(1.02),
	} {
		near(t, FeatureNames[i], f[i], want)
	}
}

// On one core two batches take each other's time: one begun beside another gains
// nothing. Where there is a core for each it takes nothing.
func TestABatchIsCrowdedByWhatItWouldTakeFromOthers(t *testing.T) {
	const most = featureLimit
	for _, c := range []struct {
		name              string
		o                 Observation
		crowded, yielding float64
	}{
		{"alone", Observation{Cores: 1, Contention: 1}, 0, 0},
		{"beside one on one core", Observation{Cores: 1, Contention: 1, DriverRunning: 1}, most, 0},
		{"beside one that half slows it", Observation{Cores: 1, Contention: 0.5, DriverRunning: 1}, -math.Log(1.0 / 3), 0},
		{"beside one on two cores", Observation{Cores: 2, Contention: 1, DriverRunning: 1}, 0, 0},
		{"beside two on two cores", Observation{Cores: 2, Contention: 1, DriverRunning: 2}, most, 0},
		{"beside one of four times its length", Observation{Cores: 1, Contention: 1, DriverRunning: 1, DriverLeft: 4 * 0.7}, math.Log(2), 0},
		{"after one that has waited longer", Observation{Cores: 1, Contention: 1, DriverBefore: 1}, 0, most},
		{"after one that has waited longer, beside one, on two cores", Observation{Cores: 2, Contention: 1, DriverRunning: 1, DriverBefore: 1}, 0, most},
		{"after one on two cores", Observation{Cores: 2, Contention: 1, DriverBefore: 1}, 0, 0},
		{"full", Observation{Cores: 1, Contention: 1, DriverRunning: 1, DriverBefore: 1, Cap: 20}, 0, 0},
		{"on a driver of which nothing is known", Observation{DriverRunning: 1, DriverBefore: 1}, 0, 0},
	} {
		c.o.Outstanding, c.o.Overhead, c.o.PerRow, c.o.Sighted = 20, 0.5, 0.01, 1 // 0.7 s
		var f Features
		c.o.Features(&f)
		near(t, c.name+": crowded", f[FeatureCrowded], c.crowded)
		near(t, c.name+": yielding", f[FeatureYielding], c.yielding)
	}
}

func TestASlowBatchThatDidNotComeIsNotExpectedForEver(t *testing.T) {
	o := Observation{
		Period: 0.2, Outstanding: 20, R2: 10, R15: 10, Reference: 10, Weights: Weights{Latency: 1, Batch: 0.5},
		SlowEvery: 10, SlowExtra: 2,
	}
	var expected []int
	for since := range 100 {
		o.SlowSince = float64(since)
		var f Features
		o.Features(&f)
		if f[FeatureSlowNext] > 0 {
			expected = append(expected, since)
		}
		if since > 10 && f[FeatureSlowDue] != 0 {
			t.Errorf("%d batches after the last it is still due", since)
		}
	}
	if !slices.Equal(expected, []int{8, 9, 10}) {
		t.Errorf("of those each 10 batches the next is expected after %v others", expected)
	}
}

func TestAStumbleAtTheStartDoesNotRaiseThePriceForEver(t *testing.T) {
	o := Observation{ // two batches in a row took four seconds longer, and none since
		R15: 10, Reference: 10, Weights: Weights{Latency: 1, Batch: 0.3}, SlowEvery: 1.5, SlowExtra: 4,
	}
	price := func(since float64) float64 {
		var f Features
		o.SlowSince = since
		o.Features(&f)
		return f[FeatureSlowPrice]
	}
	if soon, due := price(0), price(1.5); soon < 2 || due != soon {
		t.Errorf("slow batches each 1.5 add %.2f right after one, and %.2f when the next is due", soon, due)
	}
	if later := price(300); later > 0.1 {
		t.Errorf("after 300 batches without one they still add %.2f", later)
	}
}

func TestEveryFeatureHasItsName(t *testing.T) {
	seen := map[string]bool{}
	for i, name := range FeatureNames {
		if name == "" || seen[name] {
			t.Errorf("feature %d is called %q", i, name)
		}
		seen[name] = true
	}
}
