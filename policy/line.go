package policy

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"rubato/env"
)

// Line is the logarithm of a threshold on a Pressure: a bias, and what each
// feature, not below -1.5, adds.
type Line struct {
	Pressure Pressure
	Bias     float64
	Weight   [env.NumFeatures]float64
}

// least is where a line holds its features from below: far down there, nothing
// more is told.
const least = -1.5

// At is the line at the features.
func (l *Line) At(features []float64) float64 {
	sum := l.Bias
	for i, w := range l.Weight {
		if w != 0 {
			sum += w * max(features[i], least)
		}
	}
	return sum
}

// Lines are the thresholds of a waiting-cost rule: where end offsets are seen,
// and where they are not.
type Lines struct {
	Sighted, Blind Line
}

// Of is the line for a query with these features.
func (l *Lines) Of(features []float64) *Line {
	if features[env.FeatureSighted] > 0 {
		return &l.Sighted
	}
	return &l.Blind
}

// Margin is by how much the rule prefers to trigger now over waiting for
// another tick: ln(pressure / threshold).
func (l *Lines) Margin(features []float64) float64 {
	line := l.Of(features)
	return line.Pressure.At(features) - line.At(features)
}

// Choose is what the rule does at o: it triggers where its margin says so, and
// waits else. scratch is for o's features.
func (l *Lines) Choose(o *env.Observation, mask env.Mask, scratch *env.Features) env.Action {
	trigger, wait, either := Choices(o, mask)
	if !either {
		return wait
	}
	if o.Features(scratch); l.Margin(scratch[:]) > 0 {
		return trigger
	}
	return wait
}

// MarshalJSON names the weights by their features, "one" the bias, and the
// numbers of the pressure; those of 0 are left out.
func (l Line) MarshalJSON() ([]byte, error) {
	named := map[string]float64{"one": l.Bias}
	for i, w := range l.Weight {
		if w != 0 {
			named[env.FeatureNames[i]] = w
		}
	}
	for i, w := range l.Pressure.numbers() {
		if *w != 0 {
			named[pressureNames[i]] = *w
		}
	}
	return json.Marshal(named)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (l *Line) UnmarshalJSON(b []byte) error {
	var named map[string]float64
	if err := json.Unmarshal(b, &named); err != nil {
		return fmt.Errorf("reading a line: %w", err)
	}
	*l = Line{}
	for name, w := range named {
		i, by := slices.Index(env.FeatureNames[:], name), slices.Index(pressureNames[:], name)
		switch {
		case math.IsNaN(w) || math.IsInf(w, 0):
			return fmt.Errorf("reading a line: %s is %v: %w", name, w, ErrWeights)
		case name == "one":
			l.Bias = w
		case by >= 0:
			*l.Pressure.numbers()[by] = w
		case i < 0:
			return fmt.Errorf("reading a line: %q is no feature: %w", name, ErrFeatures)
		default:
			l.Weight[i] = w
		}
	}
	if l.Pressure.Next < 0 || l.Pressure.Count < 0 {
		return fmt.Errorf("reading a line: by_next %v, by_count %v: want no less than 0: %w", l.Pressure.Next, l.Pressure.Count, ErrWeights)
	}
	return nil
}

//go:embed prior.json
var priorJSON []byte

// prior are the lines that a Network starts from: what `rubato pretrain line`
// found (see agent/pretrain).
var prior = func() (l Lines) {
	d := json.NewDecoder(bytes.NewReader(priorJSON))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		panic(fmt.Sprintf("policy/prior.json: %v", err)) // built in, and tested
	}
	return l
}()

// PriorLines are the lines of Prior.
func PriorLines() Lines { return prior }
