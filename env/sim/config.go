package sim

import (
	"errors"
	"fmt"
	"time"

	"rubato/env"
)

// Config describes a simulated query.
type Config struct {
	Query env.QueryKey
	Run   env.RunID
	// Seed draws the arrivals and the noise of the batches.
	Seed uint64
	// Duration is the virtual time after which there are no more ticks.
	Duration time.Duration
	// Load makes the arrival process: once for the run, once for its past.
	Load func() Load
	// Arrivals, where set, are the moments of the run's events, in order, in
	// place of a Load. They want a Reference, and are not changed.
	Arrivals []time.Duration
	// Reference is the mean rate of the past, events/s. Zero means that the
	// load is drawn for it, apart from the run, over Past; Past zero is a day.
	// A load that repeats itself (a trace) has to give it, else its past would
	// be its future.
	Reference float64
	Past      time.Duration
	// Settings are the user's; Configured is the job's own interval.
	Settings   env.Settings
	Configured time.Duration
	// A batch lasts Overhead + PerRow x events, times log-normal noise of mean
	// 1 with this standard deviation of the logarithm. PerRow is s per event.
	Overhead time.Duration
	PerRow   float64
	Noise    float64
	// The first batches last 1+Warmup, 1+Warmup/2, 1+Warmup/3, ... times as
	// long.
	Warmup float64
	// Straggler, Pause and Snapshot are what else makes batches last longer.
	Straggler Straggler
	Pause     Pause
	Snapshot  Snapshot
	// Growth is the share of itself by which the overhead grows in an hour.
	Growth float64
	// Cap is maxOffsetsPerTrigger, Floor minOffsetsPerTrigger, events; 0 for
	// none.
	Cap, Floor float64
	// RoundTrip is the time from a tick to its command's effect.
	RoundTrip time.Duration
	// Blind hides the end offsets.
	Blind bool
	// Forecaster makes the forecaster; nil for none.
	Forecaster func() env.Forecaster
	// OnArrival and OnTrigger, where set, are told all that truly happens, each
	// in time order. A copy of the Sim tells them too.
	OnArrival func(at env.Time, events float64)
	OnTrigger func(Trigger)
}

// Straggler makes a batch Factor times as long, with the given probability.
type Straggler struct {
	Probability, Factor float64
}

// Pause stops the whole driver for Length s (garbage collection): batches in
// course take so much longer, and none begins. The time from one to the next
// is exponentially distributed with a mean of Every s.
type Pause struct {
	Every, Length float64
}

// Snapshot makes each Every-th batch last so many seconds longer.
type Snapshot struct {
	Every   int
	Seconds float64
}

// Driver describes the queries of one Spark driver.
type Driver struct {
	// Cores and Contention say how fast batches run beside each other: see Speed.
	// Cores 0 means 1.
	Cores, Contention float64
	// Queries, of different keys. The run lasts as long as the shortest.
	Queries []Config
}

// Speed is that of each batch while k are in course on a driver: contention 1 is
// processor sharing, 0 is none at all.
func Speed(k, cores, contention float64) float64 {
	return 1 / (1 + contention*max(k-cores, 0)/cores)
}

// Trigger is one trigger as it truly was.
type Trigger struct {
	Start, End env.Time
	Outcome    env.Outcome
	// Rows is what it took; Committed the total committed by its end.
	Rows, Committed float64
}

// What is wrong with a Config or a Driver.
var (
	ErrNoLoad   = errors.New("simulated query without a load, or arrivals and their reference")
	ErrNoLadder = errors.New("simulated query without a ladder")
	ErrTimes    = errors.New("simulated query: duration, configured interval and overhead have to be positive")
	ErrBatches  = errors.New("simulated query: what a batch takes cannot be negative")
	ErrDriver   = errors.New("simulated driver: cores and contention cannot be negative, and queries want different keys")
)

// check names what is wrong with the query and fills the defaults in.
func (c *Config) check() error {
	switch {
	case c.Load == nil && (c.Arrivals == nil || c.Reference == 0):
		return ErrNoLoad
	case c.Settings.Ladder.Len() == 0:
		return ErrNoLadder
	case c.Duration <= 0 || c.Configured <= 0 || c.Overhead <= 0:
		return ErrTimes
	case !(min(c.PerRow, c.Noise, c.Warmup, c.Growth, c.Reference, c.Cap, c.Floor) >= 0),
		!(min(c.Straggler.Probability, c.Straggler.Factor, c.Pause.Every, c.Pause.Length, c.Snapshot.Seconds) >= 0),
		c.Snapshot.Every < 0, c.RoundTrip < 0:
		return ErrBatches
	}
	if c.Settings.Period <= 0 {
		c.Settings.Period = env.DefaultPeriod
	}
	if c.Past <= 0 {
		c.Past = 24 * time.Hour
	}
	return nil
}

// check names what is wrong with the driver, and fills the defaults in.
func (d *Driver) check() error {
	if !(d.Cores >= 0) || !(d.Contention >= 0) || len(d.Queries) == 0 {
		return ErrDriver
	}
	if d.Cores == 0 {
		d.Cores = 1
	}
	seen := make(map[env.QueryKey]bool, len(d.Queries))
	for i := range d.Queries {
		q := &d.Queries[i]
		if err := q.check(); err != nil {
			return fmt.Errorf("query %q: %w", q.Query, err)
		}
		if seen[q.Query] {
			return fmt.Errorf("%w: %q is there twice", ErrDriver, q.Query)
		}
		seen[q.Query] = true
	}
	return nil
}
