package env

// Observation is what is known of a query at a tick, in physical units: all
// float64, so that it can be logged, compared byte for byte, and replayed.
// Policies that are networks read its Features; rules read it directly.
type Observation struct {
	// The wait. SinceTrigger is the time since the current trigger's start, s;
	// Interval that of its rung where it is commanded (Tracker.Command), else the
	// one in effect, s; Shorter and Longer the neighbouring
	// rungs' intervals (equal to Interval at an end), s; Rung its place, 0 at
	// the bottom, of Rungs; Period the time between ticks inside a wait, s.
	SinceTrigger, Interval, Shorter, Longer, Rung, Rungs, Period float64

	// The data. Outstanding is arrived and not committed, events; Waited the
	// integral of the outstanding since the current trigger's start of what
	// that trigger did not take, event-seconds (the waiting cost run up is
	// Weights.Latency x Waited / Reference); OldestAge the age of the oldest
	// outstanding event, s; Idle the time since data last arrived, s; Sighted
	// 1 where a broker is asked for end offsets, 0 where arrivals are
	// estimated; SightAge the age of the last sample, s.
	Outstanding, Waited, OldestAge, Idle, Sighted, SightAge float64

	// Arrival rates, events/s: exponentially weighted with time constants of
	// 0.5, 2, 15 and 300 s, and the reference rate (one day, bias-corrected).
	R05, R2, R15, R300, Reference float64

	// Forecast rates 1, 3 and 5 s ahead, events/s, and the spread of each
	// (half the width of the 80 % interval).
	Forecast, Spread [3]float64

	// ResumeHazard is the chance in a second that a load that has all but ceased
	// comes back, 1/s: 0 where it has not ceased, or where end offsets are seen
	// (see Resumptions).
	ResumeHazard float64 `json:"Returning"`

	// The batch. Last and smoothed duration, s; fitted overhead, s, and time
	// per event, s; NextRows is what the next batch would take (capped by
	// maxOffsetsPerTrigger), Cap that cap or 0, Floor minOffsetsPerTrigger or 0.
	BatchLast, BatchSmoothed, Overhead, PerRow, NextRows, Cap, Floor float64

	// EmptyShare is the smoothed share of triggers that were empty. WarmupLeft
	// is how many first batches still teach nothing. DriverRunning is the
	// number of other queries of the driver inside a batch, DriverBusy the
	// share of time the driver spent in batches.
	EmptyShare, WarmupLeft, DriverRunning, DriverBusy float64

	// DriverQueries is the number of other live queries of the driver;
	// DriverLeft the expected rest of those of their batches that are in
	// course (see Tracker.Left), summed, s.
	DriverQueries, DriverLeft float64

	// DriverBefore is the number of those other queries that are commanded and
	// whose Tracker.Pressure is greater than this one's.
	DriverBefore float64

	// Beside k batches of other queries a batch lasts 1 + Contention x max(k + 1 -
	// Cores, 0) / Cores of what it would alone, as fitted.
	Cores, Contention float64

	// NextPrice is what the next batch would count in the batch component: 1
	// unless Settings.FullBatch.
	NextPrice float64

	// Slow batches take more than twice the fit's prediction and 50 ms.
	// SlowEvery is the smoothed number of batches from one to the next, 0 if
	// none was seen; SlowSince the batches since the last, or since the start;
	// SlowExtra how much longer than predicted they take, smoothed, s.
	SlowEvery, SlowSince, SlowExtra float64

	// What the user asks: the weights and the latency target, s, 0 for none.
	Weights Weights
	Target  float64
}

// OneEvent is the least Outstanding that is an event, and not the tail of an
// extrapolation.
const OneEvent = 0.5

// Ahead is how far into the wait, s since the trigger's start, the next tick's
// command takes effect: a tick on, and a tenth of one for the way there. An
// interval up to it triggers before anything more can be said.
func (o *Observation) Ahead() float64 { return o.SinceTrigger + 1.1*o.Period }

// WaitingCost is the weighted latency cost that the waiting events ran up
// since the current trigger's start.
func (o *Observation) WaitingCost() float64 {
	if o.Reference <= 0 {
		return 0
	}
	return o.Weights.Latency * o.Waited / o.Reference
}
