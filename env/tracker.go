package env

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Forecaster predicts a query's arrival rate. It is stepped once for each
// second of the clock.
type Forecaster interface {
	// Step takes in the rate, events/s, of the second that ended at t.
	Step(t Time, rate float64)
	// Predict fills the rates 1, 3 and 5 s ahead of the last Step and the
	// spread of each (half the width of the 80 % interval), events/s.
	Predict(rate, spread *[3]float64)
	// CopyFrom makes it an exact copy of from, which is of the same type. It
	// allocates nothing.
	CopyFrom(from Forecaster)
	// AppendBinary appends its whole state, canonically; UnmarshalBinary of
	// another of the same kind then continues bit for bit, and refuses by name
	// what is no such state.
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

// Outcome says what became of a trigger.
type Outcome uint8

const (
	// Empty found nothing new.
	Empty Outcome = iota
	// Batch ran one.
	Batch
	// HeldBack found data that minOffsetsPerTrigger holds back: neither empty nor
	// a batch.
	HeldBack
	// Unknown was not seen to end.
	Unknown
)

// SightFor is how long after its last sample of end offsets a query counts as
// sighted, s.
const SightFor = 5

const (
	// maxCommits bounds the commits remembered between two samples.
	maxCommits = 16
	// catchUp bounds the seconds that are stepped one by one after a gap.
	catchUp = 600
)

// commit is a batch's end and the cumulative position it committed.
type commit struct {
	At    Time
	Level float64
}

// Tracker follows one run of one query and makes its ticks. It is what both
// environments drive, so that live and simulated observations are computed by
// the same code.
//
// It is told of arrivals (Arrived), triggers, and commands, each with its
// time, and asked for a Tick at every decision epoch. Calls are made in the
// order in which things became known; a batch's end may lie before samples
// already taken. Between samples arrivals are extrapolated: at the 2 s rate
// when end offsets are seen, else at the 15 s rate from batches alone, each
// batch's rows spread over the time since the one before it began. When a
// sample shows that the extrapolation was off, the latency of the next step is
// corrected by the difference (never below 0; the rest is carried), so that
// over time the integral is that of the arrivals as they were.
//
// A Tracker is not safe for concurrent use.
type Tracker struct {
	s        state
	forecast Forecaster
	// Where the forecaster writes: an Observation's own arrays would escape.
	rate, spread [3]float64
}

// state is all of a Tracker that a checkpoint holds.
type state struct {
	Query     QueryKey
	Run       RunID
	Settings  Settings
	Set       bool // Settings are
	Rung      int
	Interval  float64   // in effect, s
	Commanded commanded `json:"Held"`

	Cap, Floor float64
	Neighbours Neighbours `json:"Load"`

	// Arrivals. Frontier is the time of the last sample, and where the curve
	// ends; from there on arrivals are extrapolated.
	Curve       Curve
	Frontier    Time
	SampledAt   Time // the last sighted sample
	Sampled     bool
	RoseAt      Time    // when data was last seen to arrive
	Counted     float64 // cumulative, as far as the fast rates took it
	Second      Time    // next second of the clock
	SecondTotal float64 `json:"SecondAt"` // cumulative at the second before
	Rates       Rates

	// Commits since MeterFrom, and the level before them; Based once a batch
	// has told where the query stood.
	Level   float64
	Commits []commit
	Based   bool

	// The trigger in course or last seen.
	InBatch      bool
	TriggerStart Time
	Waited       float64 // event-seconds from TriggerStart to WaitedTo
	WaitedTo     Time

	Fit                     BatchFit
	Slow                    slow
	Resumptions             Resumptions `json:"Returns"`
	BatchLast, BatchSmooth  float64
	EmptyShare              mean
	Batches                 int
	First, WasWarm, Unknown bool

	// For the driver: what it had done when the trigger in course began, the batch
	// that has just ended, and what batches take alone.
	Joined joined
	Ended  ended
	Alone  BatchFit

	// The step in course, from the tick at At. MeterFrom is the frontier at
	// that tick; Provisional the event-seconds accounted from there to At by
	// extrapolation; Carry what corrections below 0 are still owed.
	Meter         Meter
	At, MeterFrom Time
	Provisional   float64
	Carry         float64
}

// joined are the Driver's time and integrals when a trigger began.
type joined struct {
	At           Time
	Work, Beside float64
}

// ended is a batch of so many rows that lasted so many seconds; of none, 0.
type ended struct{ Rows, Lasted float64 }

// NewTracker returns a tracker of the run that began at the given time. f may
// be nil: the forecast is then the 2 s rate.
func NewTracker(q QueryKey, run RunID, f Forecaster, at Time) *Tracker {
	return &Tracker{forecast: f, s: state{
		Query: q, Run: run, First: true, TriggerStart: at, WaitedTo: at,
		At: at, MeterFrom: at, Frontier: at, RoseAt: at,
		Commits: make([]commit, 0, maxCommits),
	}}
}

// Inherit takes over what a former run of the query learnt of its load and its
// batches: the reference rate, how soon it comes back, the fit, its slow batches,
// and what they take alone.
func (k *Tracker) Inherit(from *Tracker) {
	k.s.Rates.Daily, k.s.Fit, k.s.Slow = from.s.Rates.Daily, from.s.Fit, from.s.Slow
	k.s.Alone, k.s.Resumptions = from.s.Alone, from.s.Resumptions
}

// Past tells the mean arrival rate, events/s, over the given span before the
// run: the reference rate starts from it.
func (k *Tracker) Past(rate float64, span time.Duration) {
	k.s.Rates.Seconds(span.Seconds(), max(rate, 0))
}

// Configure sets what the user asks. The first time the query takes the rung
// nearest to its configured interval, later the one nearest to where it is.
func (k *Tracker) Configure(set Settings, configured time.Duration) {
	if set.Period <= 0 {
		set.Period = DefaultPeriod
	}
	if !k.s.Set {
		k.s.Interval = configured.Seconds()
		k.s.Rung = set.Ladder.Nearest(configured)
		k.s.Set = true
	} else {
		k.s.Rung = set.Ladder.Nearest(k.s.Settings.Ladder.Interval(k.s.Rung))
	}
	k.s.Settings = set
}

// Settings are what the user asks, as Configure set it; ok is false before.
func (k *Tracker) Settings() (set Settings, ok bool) { return k.s.Settings, k.s.Set }

// SetRung commands a rung; the steps from the one before count as switches.
func (k *Tracker) SetRung(rung int) {
	rung = min(max(rung, 0), k.s.Settings.Ladder.Len()-1)
	if d := math.Abs(float64(rung - k.s.Rung)); d > 0 {
		k.s.Meter.Switch(0, d)
	}
	k.s.Rung = rung
}

// commanded is how a query was last held to a rung: by which interval, in the wait
// after which trigger. Interval is 0 where it is not held.
type commanded struct {
	Interval time.Duration
	Rung     int
	Trigger  Time
}

// Command returns the interval that is to be commanded at t for the query to be held
// to its rung: the rung's own or, where the wait has lasted longer than that
// already, as long as it has lasted. The trigger begins at once either way; the
// one after it then does not begin, as the batch outlasts the rung, before its
// end has been seen and answered.
func (k *Tracker) Command(t Time) time.Duration {
	s := &k.s
	own := s.Settings.Ladder.Interval(s.Rung)
	lasted := own
	if !s.InBatch {
		longest := s.Settings.Ladder.Interval(s.Settings.Ladder.Len() - 1)
		lasted = max(own, min(time.Duration(t-s.TriggerStart).Truncate(time.Millisecond), longest))
	}
	if h := &s.Commanded; h.Rung != s.Rung || h.Trigger != s.TriggerStart || h.Interval < own || h.Interval > lasted {
		*h = commanded{lasted, s.Rung, s.TriggerStart}
	}
	return s.Commanded.Interval
}

// Release tells that the query is commanded no longer.
func (k *Tracker) Release() { k.s.Commanded = commanded{} }

// Rung is the rung commanded.
func (k *Tracker) Rung() int { return k.s.Rung }

// Mask tells which actions the ladder allows from the commanded rung.
func (k *Tracker) Mask() Mask { return k.s.Settings.Ladder.Mask(k.s.Rung) }

// Applied tells the interval in effect.
func (k *Tracker) Applied(interval time.Duration) { k.s.Interval = interval.Seconds() }

// SetCaps sets maxOffsetsPerTrigger and minOffsetsPerTrigger, events, 0 for
// none (or less than one).
func (k *Tracker) SetCaps(limit, floor float64) {
	k.s.Cap, k.s.Floor = math.Floor(count(limit)), math.Floor(count(floor))
}

// SetNeighbours tells what the other queries of its driver mean to the query.
func (k *Tracker) SetNeighbours(n Neighbours) {
	k.s.Neighbours = Neighbours{
		Running: count(n.Running), Busy: min(count(n.Busy), 1), Queries: count(n.Queries), Left: count(n.Left),
		Before: count(n.Before), Cores: count(n.Cores), Contention: count(n.Contention),
	}
}

// Left is the expected rest of the trigger in course, s: the smoothed duration
// of the batches less what has passed, and where it has lasted longer than that,
// as much again. Outside of triggers it is 0.
func (k *Tracker) Left(t Time) float64 {
	if !k.s.InBatch {
		return 0
	}
	return math.Abs(k.s.BatchSmooth - max(t.Sub(k.s.TriggerStart), 0))
}

// Pressure is what waiting has cost since the last trigger, in prices of a
// batch, of a query that could trigger at t: 0 inside a trigger, before its
// shortest interval has gone by, and while it has no more than Spark would hold
// back.
func (k *Tracker) Pressure(t Time) float64 {
	s := &k.s
	w, reference := &s.Settings.Weights, s.Rates.Reference()
	since := t.Sub(s.TriggerStart)
	if s.InBatch || reference <= 0 || s.Settings.Ladder.Len() == 0 || since < s.Settings.Ladder.Interval(0).Seconds() ||
		k.arrived(t)-k.level() < max(OneEvent, s.Floor) {
		return 0
	}
	return ratio(w.Latency*k.waited(t), w.Batch*reference)
}

// InBatch tells whether a trigger is in course: no ticks then.
func (k *Tracker) InBatch() bool { return k.s.InBatch }

// Warmed tells whether the first batches, which teach nothing, are over.
func (k *Tracker) Warmed() bool { return k.s.Batches >= WarmupBatches }

// Gap marks that something since the last tick was not seen: the step in
// course teaches nothing.
func (k *Tracker) Gap() { k.s.Unknown = true }

// Forecaster is the one that the tracker was made with; nil for none.
func (k *Tracker) Forecaster() Forecaster { return k.forecast }

// CopyFrom makes k an exact copy of from; both were made with forecasters of
// the same type, or without. Copying again allocates nothing.
func (k *Tracker) CopyFrom(from *Tracker) {
	curve, commits := k.s.Curve, k.s.Commits
	k.s = from.s
	k.s.Curve = curve
	k.s.Curve.copyFrom(&from.s.Curve)
	k.s.Commits = append(commits[:0], from.s.Commits...)
	if k.forecast != nil {
		k.forecast.CopyFrom(from.forecast)
	}
}

// MarshalJSON writes the tracker without its forecaster; reading back both
// continues bit for bit.
func (k *Tracker) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(&k.s)
	if err != nil {
		return nil, fmt.Errorf("saving the tracker of %s: %w", k.s.Query, err)
	}
	return b, nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (k *Tracker) UnmarshalJSON(b []byte) error {
	s := state{}
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("reading a tracker: %w", err)
	}
	if s.Commits == nil || len(s.Commits) > maxCommits {
		return fmt.Errorf("reading a tracker: no state, or too many commits")
	}
	s.Commits = append(make([]commit, 0, maxCommits), s.Commits...)
	k.s = s
	return nil
}

// AppendForecast appends the state of the forecaster, nothing where there is
// none.
func (k *Tracker) AppendForecast(b []byte) ([]byte, error) {
	if k.forecast == nil {
		return b, nil
	}
	b, err := k.forecast.AppendBinary(b)
	if err != nil {
		return nil, fmt.Errorf("saving the forecaster of %s: %w", k.s.Query, err)
	}
	return b, nil
}

// ReadForecast reads what AppendForecast appended, into a tracker that was made
// with a forecaster of the same kind.
func (k *Tracker) ReadForecast(b []byte) error {
	if k.forecast == nil {
		if len(b) > 0 {
			return fmt.Errorf("reading a forecaster of %s: it has none", k.s.Query)
		}
		return nil
	}
	if err := k.forecast.UnmarshalBinary(b); err != nil {
		return fmt.Errorf("reading the forecaster of %s: %w", k.s.Query, err)
	}
	return nil
}

// count is x where it is a number that can count something, else 0.
func count(x float64) float64 {
	if x > 0 && x <= maxCount {
		return x
	}
	return 0
}
