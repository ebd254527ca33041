package sim

import (
	"math/rand/v2"
	"slices"

	"rubato/env"
)

// clumps is how many moments of a second arrivals fall on at most.
const clumps = 100

// clump is events that arrive at one moment.
type clump struct {
	at     env.Time
	events float64
}

// arrivals is the queue: what has arrived and is not committed, and behind it
// what has been drawn of the future.
type arrivals struct {
	load  Load
	rng   *rand.Rand
	queue []clump
	next  int      // first clump of the queue that has not arrived
	drawn env.Time // up to here

	arrived, committed float64 // totals
	watch              func(at env.Time, events float64)
	places             []float64
}

func newArrivals(load Load, rng *rand.Rand, watch func(env.Time, float64)) *arrivals {
	return &arrivals{load: load, rng: rng, watch: watch}
}

// draw adds the next second to the queue.
func (a *arrivals) draw() {
	n := poisson(a.rng, a.load.Next(a.rng))
	k := min(n, clumps)
	a.places = a.places[:0]
	for range k {
		a.places = append(a.places, a.rng.Float64())
	}
	slices.Sort(a.places)
	for i, x := range a.places {
		a.queue = append(a.queue, clump{a.drawn.Add(x), float64((i+1)*n/k - i*n/k)})
	}
	a.drawn += 1e9
}

// pending lists what is still to arrive by t.
func (a *arrivals) pending(t env.Time) []clump {
	for a.drawn <= t {
		a.draw()
	}
	n := a.next
	for n < len(a.queue) && a.queue[n].at <= t {
		n++
	}
	return a.queue[a.next:n]
}

// advance lets all arrive that does by t.
func (a *arrivals) advance(t env.Time) {
	for range a.pending(t) {
		c := a.queue[a.next]
		a.arrived += c.events
		a.next++
		if a.watch != nil {
			a.watch(c.at, c.events)
		}
	}
}

// take commits the oldest events, and calls each with how many arrived when.
func (a *arrivals) take(events float64, each func(at env.Time, events float64)) {
	a.committed += events
	gone := 0
	for i := range a.queue[:a.next] {
		c := &a.queue[i]
		n := min(c.events, events)
		each(c.at, n)
		events -= n
		if c.events -= n; c.events > 0 {
			break
		}
		gone++
	}
	a.queue = append(a.queue[:0], a.queue[gone:]...)
	a.next -= gone
}

func (a *arrivals) outstanding() float64 { return a.arrived - a.committed }
