package policy

import (
	"math"

	"rubato/env"
)

// Pressure is what a Line is held against: what waiting has cost since the last
// trigger, W, in prices of a batch c, and shares of what else speaks for
// triggering now, added up, not multiplied as in a line:
//
//	P = W/c + Next W'/c + Count M exp(Trend t + TrendFast t')
//
// with W' what waiting will have cost a tick ahead, M the marginal cost of
// waiting over the least mean cost rate, and t and t' the logarithms of the
// rates of 2 s over 15 s and of 0.5 s over 2 s: at -1/2 each, that cost rate is
// the one of the last half second's arrivals. Of the zero Pressure, P is W/c:
// the waiting-cost rule's. A Line's is what the search of agent/pretrain found.
type Pressure struct {
	Next, Count, Trend, TrendFast float64
}

// pressureNames are those of the numbers of a Pressure in a line's file, in
// order.
var pressureNames = [...]string{"by_next", "by_count", "by_count_trend", "by_count_trend_fast"}

// numbers are those of p, in order.
func (p *Pressure) numbers() [len(pressureNames)]*float64 {
	return [...]*float64{&p.Next, &p.Count, &p.Trend, &p.TrendFast}
}

// At is ln P at the features.
func (p *Pressure) At(features []float64) float64 {
	if *p == (Pressure{}) {
		return features[env.FeatureWaiting]
	}
	sum := math.Exp(features[env.FeatureWaiting])
	if p.Next != 0 {
		sum += p.Next * math.Exp(features[env.FeatureWaitingNext])
	}
	if p.Count != 0 {
		sum += p.Count * math.Exp(features[env.FeatureMarginal]+
			p.Trend*features[env.FeatureTrend]+p.TrendFast*features[env.FeatureTrendFast])
	}
	return math.Log(sum)
}
