package calibrate

import (
	"math"
	"slices"

	"rubato/env"
)

// Batch is one batch that took rows. Times are s on the driver's clock.
type Batch struct {
	// Number counts the run's batches from 1, those without rows too.
	Number uint64
	// Start is its trigger's, End its commit.
	Start, End float64
	Rows       float64
	// Due is when the trigger should have started by the interval in effect,
	// equal to Start where a command came in between.
	Due float64
	// Arrived is the mean moment at which its rows arrived; NaN where unknown.
	Arrived float64
	// shared is how long it ran beside 0, 1, 2.. batches of the driver's other
	// queries, s.
	shared []float64
}

// Duration is how long the batch took, s.
func (b *Batch) Duration() float64 { return b.End - b.Start }

// Run is what was recorded of one run of a query.
type Run struct {
	Query env.QueryKey
	ID    env.RunID
	// App tells drivers apart.
	App string
	// Batches are those with rows, in order; Busy all batches' spans.
	Batches []Batch
	Busy    []Span
	// NoData counts batches without rows, Lost those that were not told of
	// whole, Empty the triggers without a batch.
	NoData, Lost, Empty int
	// Sampled is set where the arrivals are known from end offsets.
	Sampled bool
}

// Span is a stretch of time, s.
type Span struct{ From, To float64 }

// fewest is the number of batches below which nothing is fitted.
const fewest = 30

// fittable are the batches that a fit may be taken from.
func (r *Run) fittable() bool { return len(r.Batches) >= fewest }

// quantile is the q-quantile of sorted values, between neighbours.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// median sorts its values.
func median(values []float64) float64 {
	slices.Sort(values)
	return quantile(values, 0.5)
}
