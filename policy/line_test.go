package policy

import (
	"encoding/json"
	"errors"
	"testing"

	"rubato/env"
)

// What the search found about drivers and targets, and must not lose: batches
// of others make a batch dearer where they slow it down, lateness makes it due.
func TestThePriorKnowsTheDriverAndTheTarget(t *testing.T) {
	var calm env.Features
	calm[env.FeatureSighted] = 1
	busy, overdue := calm, calm
	for _, f := range []int{env.FeatureRunning, env.FeatureCrowded, env.FeatureYielding, env.FeatureDriverLeft} {
		busy[f] = 1
	}
	overdue[env.FeatureTarget], overdue[env.FeatureAgeServed], overdue[env.FeatureLate] = 1, 1.5, 1
	overdue[env.FeatureAge] = 1.4
	overdue[env.FeatureMarginal] = 2
	if b, c := prior.Margin(busy[:]), prior.Margin(calm[:]); b >= c {
		t.Errorf("margin %v on a busy driver, %v on a calm one", b, c)
	}
	if o, c := prior.Margin(overdue[:]), prior.Margin(calm[:]); o <= c {
		t.Errorf("margin %v when late, %v in time", o, c)
	}
}

func TestALineReadsBackAsItWasWritten(t *testing.T) {
	b, err := json.Marshal(prior)
	if err != nil {
		t.Fatal(err)
	}
	var again Lines
	if err := json.Unmarshal(b, &again); err != nil {
		t.Fatal(err)
	}
	if again != prior {
		t.Errorf("%+v, want %+v", again, prior)
	}
}

func TestALineOfAnUnknownFeatureIsRefusedByName(t *testing.T) {
	var l Line
	if err := json.Unmarshal([]byte(`{"one": 1, "phase_of_the_moon": 2}`), &l); !errors.Is(err, ErrFeatures) {
		t.Errorf("error %v, want %v", err, ErrFeatures)
	}
}

// Its logarithm would be no number.
func TestALineWithANegativeShareOfThePressureIsRefused(t *testing.T) {
	var l Line
	if err := json.Unmarshal([]byte(`{"one": 1, "by_count": -0.1}`), &l); !errors.Is(err, ErrWeights) {
		t.Errorf("error %v, want %v", err, ErrWeights)
	}
}

func TestALineTellsNothingMoreFarBelow(t *testing.T) {
	var l Line
	l.Weight[env.FeatureTrend] = 2
	var low, lower env.Features
	low[env.FeatureTrend], lower[env.FeatureTrend] = -1.5, -4
	if a, b := l.At(low[:]), l.At(lower[:]); a != -3 || b != a {
		t.Errorf("line at -1.5 is %v, at -4 %v, want -3 for both", a, b)
	}
}
