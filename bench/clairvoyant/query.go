package clairvoyant

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"rubato/env"
)

// Arrival is events that arrive at one moment, s.
type Arrival struct{ At, Events float64 }

// Query is one query, its whole future included.
type Query struct {
	// Arrivals are all there are, in time order.
	Arrivals []Arrival
	// Duration is the time that is charged, s.
	Duration float64
	// A batch of n events lasts Overhead + PerRow x n s and has at most Cap
	// events, 0 for no limit.
	Overhead, PerRow, Cap float64
	// Reference is the rate that delays are divided by, events/s.
	Reference float64
	// Settings hold the weights, target, grace and price of a full batch; the
	// ladder is not used.
	Settings env.Settings
	// Drain charges what is left at the end until the batch in course, and
	// batches back to back after it, would have served it, and those batches, as
	// sim.Score does; else it is charged up to the end.
	Drain bool
	// Step is the grid, s; 0 chooses one by the prices.
	Step float64
}

// ErrQuery is a query that cannot be planned.
var ErrQuery = errors.New("query without a plan")

func (q *Query) check() error {
	switch {
	case !(q.Duration > 0) || !(q.Overhead > 0) || !(q.PerRow >= 0) || !(q.Reference > 0) || !(q.Cap >= 0) || !(q.Step >= 0):
		return fmt.Errorf("%w: %v s, batches of %v s + %v s a row up to %v, reference %v/s, step %v s",
			ErrQuery, q.Duration, q.Overhead, q.PerRow, q.Cap, q.Reference, q.Step)
	case !slices.IsSortedFunc(q.Arrivals, func(a, b Arrival) int { return int(math.Copysign(1, a.At-b.At)) }):
		return fmt.Errorf("%w: arrivals out of order", ErrQuery)
	}
	return nil
}

// step is a twelfth of the square-root interval at the mean rate or a sixth of
// the overhead, within bounds that keep it useful and quick.
func (q *Query) step() float64 {
	if q.Step > 0 {
		return q.Step
	}
	w := q.Settings.Weights
	star := math.Sqrt(2 * w.Batch / max(w.Latency, 1e-9))
	return min(max(min(star/12, q.Overhead/6), 0.02), 0.25)
}

// counts answers how many events arrived by a moment, and the sum of their
// times.
type counts struct {
	at, n, sum []float64 // by arrival: its time, and the totals before it
	first      []int     // by grid step: the first arrival after it
	step       float64
	atStep     []total // by grid step
	all        total   // at the end
}

// total is the count of events by a moment and the sum of their times.
type total struct{ n, sum float64 }

func newCounts(arrivals []Arrival, step float64, steps int) *counts {
	c := &counts{
		at: make([]float64, len(arrivals)), n: make([]float64, len(arrivals)+1),
		sum: make([]float64, len(arrivals)+1), step: step,
		first: make([]int, steps+1), atStep: make([]total, steps+1),
	}
	for i, a := range arrivals {
		c.at[i] = a.At
		c.n[i+1] = c.n[i] + a.Events
		c.sum[i+1] = c.sum[i] + a.Events*a.At
	}
	k := 0
	for i := range c.first {
		for k < len(c.at) && c.at[k] <= float64(i)*step {
			k++
		}
		c.first[i] = k
		c.atStep[i] = total{c.n[k], c.sum[k]}
	}
	c.all = total{c.n[len(arrivals)], c.sum[len(arrivals)]}
	c.atStep[0] = total{} // what comes at the very start is still to be taken
	return c
}

// by is the total by x.
func (c *counts) by(x float64) total {
	i := min(max(int(x/c.step), 0), len(c.first)-1)
	k := c.first[i]
	for k > 0 && c.at[k-1] > x {
		k--
	}
	for k < len(c.at) && c.at[k] <= x {
		k++
	}
	return total{c.n[k], c.sum[k]}
}

// area is the integral of the count up to x, given the total by x.
func (t total) area(x float64) float64 { return x*t.n - t.sum }
