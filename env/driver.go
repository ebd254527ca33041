package env

import "math"

// Driver follows what the queries that share a Spark driver do to one another.
// It is told of the beginning and the end of each of their triggers, after the
// query's Tracker, each with the time. A copy is independent of it.
//
// From what batches took beside others it fits by how much they last longer:
// beside k of others 1 + Contention max(k + 1 - Cores, 0) / Cores of what they
// would alone, as where batches share so many Cores. k is the mean over the
// batch's work. Of each number of cores there is a slope of duration over
// prediction, and the fit is the number that explains most.
//
// What was seen is forgotten by 2 % for each batch beside others, by a tenth of
// that for one alone: queries that keep out of each other's way do not soon forget
// why. Queries that are always in each other's way differ little in how much, so
// that a slope is hardly held back (contentionRidge batches beside one more than
// the cores that showed none). For the same reason a driver is taken to have one
// core at first, and its queries to do well to take turns: that is where they
// learn what a batch takes alone. What is left of that after n batches of queries
// that were held to a rung is firstWeight e^(-n/firstSpan) of a batch beside one
// other.
type Driver struct {
	// Running counts the triggers in course; Busy is the smoothed share of time
	// with any, as of At.
	Running int
	Busy    float64
	At      Time
	// Cores and Contention are the fit, 0 at first.
	Cores, Contention float64
	// Work is what a batch would have got done, in seconds of one alone, among
	// those that were in course up to At, and Beside its integral of the others.
	Work, Beside float64
	// Held counts the batches seen of queries that were held to a rung. Weight is
	// the weighted count of all, Y the mean of their duration over the prediction,
	// By the slopes, one for each of coresTried.
	Held, Weight, Y float64
	By              [len(coresTried)]slope
}

// slope is the mean of how far batches were beyond so many cores, and the
// weighted sums of its products, about the means, with itself and with duration
// over prediction.
type slope struct {
	X, XX, XY float64
}

var coresTried = [...]float64{1, 2, 3, 4, 6, 8, 12, 16}

const (
	// busySpan is the time constant of a driver's busy share, s.
	busySpan         = 30
	contentionForget = 0.98
	aloneForget      = 0.998
	contentionRidge  = 0.02
	firstWeight      = 0.5
	firstSpan        = 20
)

// advance brings the driver up to t.
func (d *Driver) advance(t Time) {
	dt := t.Sub(d.At)
	if dt <= 0 {
		return
	}
	busy := 0.0
	if d.Running > 0 {
		busy = 1
	}
	d.Busy += -math.Expm1(-dt/busySpan) * (busy - d.Busy)
	if others := float64(d.Running - 1); others >= 0 {
		done := dt / d.slowed(others)
		d.Work += done
		d.Beside += others * done
	}
	d.At = t
}

// Begin tells that a trigger of k began, as known at t.
func (d *Driver) Begin(k *Tracker, t Time) {
	d.advance(t)
	d.Running++
	k.s.Joined = joined{d.At, d.Work, d.Beside}
}

// End tells that the trigger of k ended, as known at t, or is not followed any
// more.
func (d *Driver) End(k *Tracker, t Time) {
	d.advance(t)
	d.Running--
	x := k.s.Ended
	k.s.Ended = ended{}
	work, took := d.Work-k.s.Joined.Work, d.At.Sub(k.s.Joined.At)
	if x.Lasted <= 0 || work <= 0 || took < x.Lasted/2 || took > 2*x.Lasted { // not seen as it happened
		return
	}
	others := (d.Beside - k.s.Joined.Beside) / work
	if alone := &k.s.Alone; k.Warmed() && alone.Weight > 0 {
		if k.s.Held.Interval > 0 {
			d.Held++
		}
		d.observe(others, x.Lasted/(alone.Overhead()+alone.PerRow()*x.Rows))
	}
	k.s.Alone.Observe(x.Rows, x.Lasted/d.slowed(others))
}

// observe takes in that a batch beside so many others, on the mean, lasted the
// given ratio of what it would alone. Snapshots and stragglers are no contention:
// a ratio is bounded by what would be a far greater one.
func (d *Driver) observe(others, ratio float64) {
	ratio = min(ratio, 2*d.slowed(others)+1)
	d.Weight = contentionForget*d.Weight + 1
	first := firstWeight * math.Exp(-d.Held/firstSpan)
	keep := aloneForget - (aloneForget-contentionForget)*min(others, 1)
	d.Y += (ratio - d.Y) / d.Weight
	most := 0.0
	d.Cores, d.Contention = coresTried[0], 0
	for i, cores := range coresTried {
		s, x := &d.By[i], beyond(others, cores)
		dx := x - s.X
		s.X += dx / d.Weight
		s.XX = keep*s.XX + dx*(x-s.X)
		s.XY = keep*s.XY + dx*(ratio-d.Y)
		xx, xy := s.XX+contentionRidge/(cores*cores), s.XY
		if cores == 1 {
			xx, xy = xx+first, xy+first
		}
		share := min(max(xy/xx, 0), 4)
		if explained := share * xy; explained > most {
			d.Cores, d.Contention, most = cores, share, explained
		}
	}
}

// beyond is how many of a batch and k others are beyond the cores, over those.
func beyond(k, cores float64) float64 {
	if cores <= 0 {
		return 0
	}
	return max(k+1-cores, 0) / cores
}

// slowed is by what a batch beside k others lasts longer than alone.
func slowed(k, cores, contention float64) float64 { return 1 + contention*beyond(k, cores) }

func (d *Driver) slowed(k float64) float64 { return slowed(k, d.Cores, d.Contention) }

// Load is what the other queries of a driver mean to one that waits.
type Load struct {
	// Running, Busy, Queries, Left, Before, Cores and Contention are the
	// Observation's of the driver.
	Running, Busy, Queries, Left, Before, Cores, Contention float64
}

// Load is that of the driver at t, beside whoever waits: Queries, Left and
// Before are for the caller to add, who knows the others.
func (d *Driver) Load(t Time) Load {
	d.advance(t)
	return Load{Running: float64(d.Running), Busy: d.Busy, Cores: d.Cores, Contention: d.Contention}
}
