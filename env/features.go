package env

import "math"

// The features of an observation, by place. I* is the square-root interval
// sqrt(2 c m / (w r15)) of a price of a batch c, a reference rate m and a
// latency weight w; a + b n is the fitted batch; W is Observation.WaitingCost. Where
// end offsets are not seen, n and W have what may have come unseen in them (Resumptions).
const (
	// FeatureWaiting is ln((W + c/1000)/c): the waiting-cost rule fires at a
	// threshold of it. FeatureWaitingNext is the same one tick ahead.
	FeatureWaiting = iota
	FeatureWaitingNext
	// FeatureOutstanding is 1 where at least one event waits.
	FeatureOutstanding
	// ln(I/I*), ln(el/I*), ln(el/I), ln(tick/I*): el since the trigger began.
	FeatureInterval
	FeatureElapsed
	FeatureProgress
	FeaturePeriod
	// 1 where the query triggers before the next tick after that action.
	FeatureFiresShortened
	FeatureFiresKept
	FeatureFiresLengthened
	// 1 at that end of the ladder.
	FeatureBottom
	FeatureTop
	// ln(r2/r15), ln(r.5/r2), ln(r15/r300).
	FeatureTrend
	FeatureTrendFast
	FeatureTrendSlow
	// ln(forecast/r2) and spread/forecast at 1, 3, 5 s.
	FeatureForecast1
	FeatureForecast3
	FeatureForecast5
	FeatureSpread1
	FeatureSpread3
	FeatureSpread5
	// b r2, ln(a/I*), ln(1 + b n/a), and ln(1 + w r2 (a + b n)^2/(2 m c)), the
	// delay that the batch itself imposes.
	FeatureUtilisation
	FeatureOverhead
	FeatureWork
	FeatureImposed
	// ln(n/cap), -4 without a cap; ln(n/floor), 4 without a floor.
	FeatureCap
	FeatureFloor
	// ln(1 + idle/I*), and the smoothed share of empty triggers.
	FeatureIdle
	FeatureEmptyShare
	// Age of the oldest event over the target, the same at the end of a batch
	// begun now, and 1 where there is a target (else all 0).
	FeatureAge
	FeatureAgeServed
	FeatureTarget
	// ln(price/c) of an empty trigger, a miss, a debt, a switch.
	FeatureEmptyPrice
	FeatureMissPrice
	FeatureBacklogPrice
	FeatureSwitchPrice
	// End offsets seen; ln(1 + other batches of the driver); its busy share;
	// the share of the warm-up left.
	FeatureSighted
	FeatureRunning
	FeatureBusy
	FeatureWarmup
	// ln(1 + other queries of the driver); ln(1 + the rest of their batches in
	// course/I*); ln of what the next batch counts.
	FeatureQueries
	FeatureDriverLeft
	FeatureNextPrice
	// Batches since the last slow one, the next included, over those from one to the
	// next: 1 where it is due to be slow, 0 where none was seen, or none came in its
	// time; ln(1 + what it takes longer/I*).
	FeatureSlowDue
	FeatureSlowExtra
	// ln(marginal cost of waiting / 2 c/I*, the least mean cost rate of steady
	// running): what the outstanding events cost each second, those that would be
	// late by then at the price of a miss, less the fall of the next batch's
	// price. The optimal stopping rule of a renewal reward process whose rate is
	// known fires at 0 of it (Ross 1983).
	FeatureMarginal
	// 1 where the next batch is full; age at the end of a batch begun now over
	// the target, beyond a half.
	FeatureFull
	FeatureLate
	// ln(1 + delay that slow batches add to the price of each/c), spread over as
	// many batches as there have been without one where those are more, and
	// FeatureSlowExtra where the next batch is due to be one, else 0.
	FeatureSlowPrice
	FeatureSlowNext
	// ln(1 + 1/n^2), n the events that come in a square-root interval at the rate
	// of 300 s, n^2 = 2 c m r300/w. Of Poisson arrivals at that rate the optimal
	// batch has sqrt(n^2 - 1) events, not n: few and far between they are not worth
	// waiting for.
	FeatureGrain
	// What a batch begun now would take from those of others in course, and from
	// those of others that have waited longer, too: see Observation.crowded.
	FeatureCrowded
	FeatureYielding
	// NumFeatures is the length of a Features.
	NumFeatures
)

// slowSlack is by how many batches a slow one may come sooner or later than
// those before it let expect. One that did not come by then is expected no
// more: a single straggler must not make each batch after it look like one.
const slowSlack = 1.5

// mostTaken is the share beyond which nothing more is told: -ln(1 - x) is the
// features' limit there.
const mostTaken = 0.982

// featureLimit clips every feature.
const featureLimit = 4

// Features are an observation made dimensionless by fixed squashing: every one
// finite and within -4 and 4, whatever the observation.
type Features [NumFeatures]float64

// FeatureNames names the features, by place.
var FeatureNames = [NumFeatures]string{
	"waiting", "waiting_next", "outstanding", "interval", "elapsed", "progress", "period",
	"fires_shortened", "fires_kept", "fires_lengthened", "bottom", "top",
	"trend", "trend_fast", "trend_slow",
	"forecast_1s", "forecast_3s", "forecast_5s", "spread_1s", "spread_3s", "spread_5s",
	"utilisation", "overhead", "work", "imposed", "cap", "floor", "idle", "empty_share",
	"age", "age_served", "target", "empty_price", "miss_price", "backlog_price", "switch_price",
	"sighted", "running", "busy", "warmup",
	"queries", "driver_left", "next_price", "slow_due", "slow_extra",
	"marginal", "full", "late", "slow_price", "slow_next",
	"grain", "crowded", "yielding",
}

// Features fills f.
func (o *Observation) Features(f *Features) {
	w, c, m, n := o.Weights.Latency, o.Weights.Batch, o.Reference, o.Outstanding
	waited := o.Waited
	if o.ResumeHazard > 0 { // nothing seen is not nothing there
		back, since := o.ResumeHazard*m, o.SinceTrigger
		n += back * since * since / 2
		waited += back * since * since * since / 6
	}
	// Below a millisecond and above a day I* tells nothing more.
	star := min(max(math.Sqrt(2*ratio(c*m, w*o.R15)), 1e-3), 86400)
	work := o.Overhead + o.PerRow*n
	o.waitFeatures(f, n, waited, star)
	o.rateFeatures(f)
	o.batchFeatures(f, n, work, star)
	o.priceFeatures(f, work)
	o.slowFeatures(f, star)
	o.driverFeatures(f, work, star)
	for i, x := range f {
		if math.IsNaN(x) {
			x = 0
		}
		f[i] = min(max(x, -featureLimit), featureLimit)
	}
}

// waitFeatures are of what waiting costs, and of where the wait stands: n events
// are outstanding, they waited so many event-seconds, and star is I*, s.
func (o *Observation) waitFeatures(f *Features, n, waited, star float64) {
	w, c, m := o.Weights.Latency, o.Weights.Batch, o.Reference
	cost := w * ratio(waited, m)
	next := cost + w*ratio(n*o.Period+o.R2*o.Period*o.Period/2, m)
	ahead := o.Ahead()

	f[FeatureWaiting] = logRatio(cost+c/1000, c)
	f[FeatureWaitingNext] = logRatio(next+c/1000, c)
	f[FeatureOutstanding] = flag(n >= OneEvent)
	f[FeatureInterval] = logRatio(o.Interval, star)
	f[FeatureElapsed] = logRatio(o.SinceTrigger, star)
	f[FeatureProgress] = logRatio(o.SinceTrigger, o.Interval)
	f[FeaturePeriod] = logRatio(o.Period, star)
	f[FeatureFiresShortened] = flag(o.Shorter <= ahead)
	f[FeatureFiresKept] = flag(o.Interval <= ahead)
	f[FeatureFiresLengthened] = flag(o.Longer <= ahead)
	f[FeatureBottom] = flag(o.Rung <= 0)
	f[FeatureTop] = flag(o.Rung >= o.Rungs-1)
	f[FeatureIdle] = math.Log1p(o.Idle / star)
	f[FeatureEmptyShare] = o.EmptyShare
	f[FeatureSighted] = o.Sighted
}

// rateFeatures are of the arrival rates and of their forecasts.
func (o *Observation) rateFeatures(f *Features) {
	f[FeatureTrend] = logRatio(o.R2, o.R15)
	f[FeatureTrendFast] = logRatio(o.R05, o.R2)
	f[FeatureTrendSlow] = logRatio(o.R15, o.R300)
	for i := range o.Forecast {
		f[FeatureForecast1+i] = logRatio(o.Forecast[i], o.R2)
		f[FeatureSpread1+i] = ratio(o.Spread[i], o.Forecast[i])
	}
}

// batchFeatures are of a batch of the n events outstanding, which would take
// work seconds.
func (o *Observation) batchFeatures(f *Features, n, work, star float64) {
	w, c, m := o.Weights.Latency, o.Weights.Batch, o.Reference
	f[FeatureUtilisation] = o.PerRow * o.R2
	f[FeatureOverhead] = logRatio(o.Overhead, star)
	f[FeatureWork] = math.Log1p(ratio(o.PerRow*n, o.Overhead))
	f[FeatureImposed] = math.Log1p(ratio(w*o.R2*work*work, 2*m*c))
	f[FeatureCap], f[FeatureFloor] = -featureLimit, featureLimit
	if o.Cap > 0 {
		f[FeatureCap] = logRatio(n, o.Cap)
	}
	if o.Floor > 0 {
		f[FeatureFloor] = logRatio(n, o.Floor)
	}
	f[FeatureWarmup] = o.WarmupLeft / WarmupBatches
	f[FeatureMarginal] = logRatio(o.marginal(n, work)*star, 2*c)
	f[FeatureFull] = flag(o.Cap > 0 && n >= o.Cap)
	f[FeatureGrain] = math.Log1p(ratio(w, 2*c*m*o.R300))
}

// priceFeatures are of the latency target and of what else is priced.
func (o *Observation) priceFeatures(f *Features, work float64) {
	c := o.Weights.Batch
	f[FeatureAge], f[FeatureAgeServed], f[FeatureTarget] = 0, 0, 0
	if o.Target > 0 {
		f[FeatureAge] = o.OldestAge / o.Target
		f[FeatureAgeServed] = (o.OldestAge + work) / o.Target
		f[FeatureTarget] = 1
	}
	f[FeatureLate] = f[FeatureTarget] * max(f[FeatureAgeServed]-0.5, 0)
	f[FeatureEmptyPrice] = logRatio(o.Weights.Empty, c)
	f[FeatureMissPrice] = logRatio(o.Weights.Miss, c)
	f[FeatureBacklogPrice] = logRatio(o.Weights.Backlog, c)
	f[FeatureSwitchPrice] = logRatio(o.Weights.Switch, c)
	f[FeatureNextPrice] = logRatio(o.NextPrice, 1)
}

// slowFeatures are of the next slow batch.
func (o *Observation) slowFeatures(f *Features, star float64) {
	w, c, m := o.Weights.Latency, o.Weights.Batch, o.Reference
	f[FeatureSlowDue] = 0
	overdue := o.SlowSince + 1 - o.SlowEvery // batches
	if o.SlowEvery > 0 && overdue <= slowSlack {
		f[FeatureSlowDue] = (o.SlowSince + 1) / o.SlowEvery
	}
	f[FeatureSlowExtra] = math.Log1p(o.SlowExtra / star)
	f[FeatureSlowPrice], f[FeatureSlowNext] = 0, 0
	if o.SlowEvery > 0 {
		every := max(o.SlowEvery, o.SlowSince)
		f[FeatureSlowPrice] = math.Log1p(ratio(w*o.R15*o.SlowExtra*o.SlowExtra, 2*m*c*every))
		f[FeatureSlowNext] = flag(math.Abs(overdue) <= slowSlack) * f[FeatureSlowExtra]
	}
}

// driverFeatures are of the other queries of the driver. They read FeatureFull.
func (o *Observation) driverFeatures(f *Features, work, star float64) {
	f[FeatureRunning] = math.Log1p(o.DriverRunning)
	f[FeatureBusy] = o.DriverBusy
	f[FeatureQueries] = math.Log1p(o.DriverQueries)
	f[FeatureDriverLeft] = math.Log1p(o.DriverLeft / star)
	f[FeatureCrowded], f[FeatureYielding] = 0, 0
	if f[FeatureFull] == 0 { // waiting makes a full batch no larger
		f[FeatureCrowded], f[FeatureYielding] = o.crowded(work)
	}
}

// taken is the share of a batch begun beside k of other queries that it takes
// from them: 1 less what k + 1 batches get done in a second more than k.
func (o *Observation) taken(k float64) float64 {
	if k <= 0 {
		return 0
	}
	less := k / slowed(k-1, o.Cores, o.Contention)
	return min(max(1+less-(k+1)/slowed(k, o.Cores, o.Contention), 0), 1)
}

// crowded is -ln(1 - x), x being the share of a batch of work seconds begun now
// that it would take from those of other queries in course: less where they last
// more than twice as long as it, and are not worth waiting for. yielding is the
// same of those and of the others that have waited longer, 0 where there are
// none of these.
func (o *Observation) crowded(work float64) (crowded, yielding float64) {
	x := o.taken(o.DriverRunning)
	if each := ratio(o.DriverLeft, o.DriverRunning); each > 2*work {
		x *= 2 * work / each
	}
	crowded = -math.Log(1 - min(x, mostTaken))
	if o.DriverBefore > 0 {
		yielding = -math.Log(1 - min(o.taken(o.DriverRunning+o.DriverBefore), mostTaken))
	}
	return crowded, yielding
}

// marginal is what waiting for another tick costs, 1/s, with n events
// outstanding that would take work seconds to serve.
func (o *Observation) marginal(n, work float64) float64 {
	w := &o.Weights
	rate := ratio(w.Latency*n, o.Reference)
	if late := o.OldestAge + o.Period + work - o.Target; o.Target > 0 && late > 0 && o.OldestAge > 0 {
		rate += ratio(w.Miss*n, o.Reference) * min(late/o.OldestAge, 1)
	}
	if o.NextPrice < 1 && n > 0 { // it falls by as much for each event
		rate -= w.Batch * (1 - o.NextPrice) * o.R2 / n * flag(o.NextPrice > leastPrice)
	}
	return max(rate, 0)
}

// ratio is x/y; nothing over nothing is 0.
func ratio(x, y float64) float64 {
	if x == 0 {
		return 0
	}
	return x / y
}

// logRatio is ln(x/y), clipped; nothing over nothing is 0.
func logRatio(x, y float64) float64 {
	switch {
	case !(x > 0) && !(y > 0):
		return 0
	case !(x > 0):
		return -featureLimit
	case !(y > 0):
		return featureLimit
	}
	return math.Log(x / y)
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
