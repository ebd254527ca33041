package env

import "time"

// QueryKey names a query over its restarts: application name / query name (or
// id), each part percent-escaped.
type QueryKey string

// RunID is Spark's id of one run of a query.
type RunID string

// Time is a moment in nanoseconds on the tuner's clock (Unix epoch when live,
// zero at the start when simulated). It never goes back.
type Time int64

// Sub returns the seconds from u to t.
func (t Time) Sub(u Time) float64 { return float64(t-u) / 1e9 }

// Add returns t moved by s seconds.
func (t Time) Add(s float64) Time { return t + Time(s*1e9) }

// Action moves a query's interval by at most one rung of its Ladder.
type Action uint8

// The three actions, in the order of a policy's probabilities.
const (
	Shorten Action = iota
	Keep
	Lengthen
	NumActions = 3
)

// String returns the action's name on the wire.
func (a Action) String() string {
	switch a {
	case Shorten:
		return "shorten"
	case Keep:
		return "keep"
	case Lengthen:
		return "lengthen"
	}
	return "invalid"
}

// Delta is the number of rungs that a moves: -1, 0 or +1.
func (a Action) Delta() int { return int(a) - 1 }

// Mask tells which actions are possible: an end of the ladder forbids one.
type Mask [NumActions]bool

// Settings are what the user asks of one query, resolved from its group.
type Settings struct {
	Weights Weights
	// Target is the latency target; zero means none.
	Target time.Duration
	// Ladder holds the intervals that may be commanded.
	Ladder Ladder
	// Grace is B0 of the backlog component: the time to work the outstanding
	// off that is not yet a debt.
	Grace time.Duration
	// Period is the time between ticks inside a wait; zero means DefaultPeriod.
	Period time.Duration
	// FullBatch prices small files: a batch of n rows counts 1 - 0.9 x
	// min(n/FullBatch, 1) batches, so that one of few rows costs ten times one
	// of FullBatch events and more. 0 counts every batch as one.
	FullBatch float64
}

// BatchPrice is what a batch of the given rows counts in the batch component,
// 0.1 to 1.
func (s *Settings) BatchPrice(rows float64) float64 {
	if !(s.FullBatch > 0) || !(rows > 0) {
		return 1
	}
	return max(1-(1-leastPrice)*rows/s.FullBatch, leastPrice)
}

// leastPrice is what a full batch counts, where batches are priced by size.
const leastPrice = 0.1

// DefaultPeriod is the time between ticks inside a wait unless set.
const DefaultPeriod = 200 * time.Millisecond

// Tick is a decision epoch of one query, and what happened since its last one.
type Tick struct {
	Query QueryKey
	Run   RunID
	At    Time
	// Cause is the sequence of the message that caused this tick; 0 for a
	// timed tick inside a wait.
	Cause uint64
	// Observation is what is seen now, before the action.
	Observation Observation
	// Mask are the actions that the ladder allows.
	Mask Mask
	// Arrived is how many events had arrived by At in total, on a scale of the
	// run's own, extrapolated as Outstanding is.
	Arrived float64
	// Elapsed is the time since the query's previous tick, seconds. 0 at a
	// run's first tick.
	Elapsed float64
	// Cost since the previous tick; Discounted is the same with each part
	// discounted to the previous tick by exp(-DiscountRate x time) as it fell.
	Cost, Discounted Components
	// First is set at the first tick of a run: there is no previous step.
	First bool
	// Teaches is false while the run warms up (its first three batches) and
	// where something between the two ticks was not seen: such a step is
	// logged and never learnt from.
	Teaches bool
	// Stale is set when the metrics behind the observation are too old to
	// decide on.
	Stale bool
}

// DiscountRate is rho of the semi-Markov discount exp(-rho x elapsed), 1/s.
const DiscountRate = 1.0 / 60

// WarmupBatches is the number of first batches of a run (class loading,
// code generation) that teach nothing.
const WarmupBatches = 3

// Environment is a set of queries that tick.
type Environment interface {
	// Next returns the next tick in time order; false when there is none (now,
	// for a live environment; ever, for a simulated one).
	Next() (Tick, bool)
	// Act sets the rung that the query is commanded to, until the next Act.
	// It is called at most once for each tick, before the following Next.
	Act(q QueryKey, rung int)
}
