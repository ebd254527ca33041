package rules

import (
	"math"

	"rubato/env"
)

// lineFeatures is the number of features, the constant first.
const lineFeatures = 10

// line triggers when ln(W/c) >= w . f: the waiting-cost rule whose share of a
// batch's price is the exponential of a line in a few features, trained like
// the others. What it gains over the rule is what tuning alone can.
type line struct {
	weights [lineFeatures]float64
	f       env.Features
}

// lineNames are the features' names, in order.
var lineNames = [lineFeatures]string{
	"one", "blind", "trend", "forecast", "overhead", "imposed", "late", "running", "price", "slow",
}

// features fills x.
func (l *line) features(o *env.Observation, x *[lineFeatures]float64) {
	o.Features(&l.f)
	*x = [lineFeatures]float64{1, 1 - o.Sighted,
		l.f[env.FeatureTrend], l.f[env.FeatureForecast3],
		l.f[env.FeatureOverhead], l.f[env.FeatureImposed],
		l.f[env.FeatureTarget] * max(l.f[env.FeatureAgeServed]-0.5, 0), l.f[env.FeatureRunning],
		math.Log(nextPrice(o)), slowNext(o),
	}
}

// nextPrice is what the next batch counts of a batch; 1 where it is not told.
func nextPrice(o *env.Observation) float64 {
	if o.NextPrice > 0 {
		return o.NextPrice
	}
	return 1
}

// slowNext is 1 where the next batch is due to be a slow one.
func slowNext(o *env.Observation) float64 {
	if o.SlowEvery > 0 && o.SlowSince+1 >= o.SlowEvery-0.5 {
		return 1
	}
	return 0
}

// fullBatch is how many events make a batch that counts a tenth, as the next
// price tells it; 0 where the price is flat or there is nothing to tell it by.
func fullBatch(o *env.Observation) float64 {
	if price := nextPrice(o); price < 1 && o.NextRows > 0 {
		return 0.9 * o.NextRows / (1 - max(price, 0.1))
	}
	return 0
}

// Decide implements Rival.
func (l *line) Decide(t *env.Tick) float64 {
	o := &t.Observation
	var x [lineFeatures]float64
	l.features(o, &x)
	if full(o) {
		return when(o, available(o))
	}
	threshold := 0.0
	for i, w := range l.weights {
		threshold += w * x[i]
	}
	return when(o, available(o) && o.WaitingCost() >= math.Exp(limited(threshold, -7, 7))*o.Weights.Batch)
}

func linearThreshold() []Entry {
	parameters := make([]Parameter, lineFeatures)
	for i, name := range lineNames {
		parameters[i] = Parameter{Name: name, Low: -1.5, High: 1.5}
	}
	parameters[0].Default = math.Log(DefaultThreshold)
	return []Entry{expects(Entry{
		Name: "linear-threshold", Forecasts: true, Meant: Every, Parameters: parameters,
		build: func(v []float64) Rival { return &line{weights: [lineFeatures]float64(v)} },
	})}
}
