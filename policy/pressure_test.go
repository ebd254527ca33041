package policy

import (
	"encoding/json"
	"math"
	"testing"

	"rubato/env"
)

// The terms of P, each by hand.
func TestThePressureIsWhatWaitingHasCostAndWillCost(t *testing.T) {
	var f env.Features
	f[env.FeatureWaiting], f[env.FeatureWaitingNext] = math.Log(0.5), math.Log(0.7)
	f[env.FeatureMarginal], f[env.FeatureTrend], f[env.FeatureTrendFast] = math.Log(0.25), 1, -1
	for name, c := range map[string]struct {
		by   Pressure
		want float64
	}{
		"none":               {Pressure{}, 0.5},
		"the next tick":      {Pressure{Next: 2}, 0.5 + 2*0.7},
		"the count":          {Pressure{Count: 2}, 0.5 + 2*0.25},
		"the count, trended": {Pressure{Count: 2, Trend: -0.5, TrendFast: 0.25}, 0.5 + 2*0.25*math.Exp(-0.75)},
	} {
		if got := math.Exp(c.by.At(f[:])); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: pressure %v, want %v", name, got, c.want)
		}
	}
}

func TestALineWithAPressureReadsBackAsItWasWritten(t *testing.T) {
	l := Line{Pressure: Pressure{0.1, 0.2, -0.3, -0.4}, Bias: 1}
	b, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	var again Line
	if err := json.Unmarshal(b, &again); err != nil {
		t.Fatal(err)
	}
	if again != l {
		t.Errorf("%+v, want %+v", again, l)
	}
}
