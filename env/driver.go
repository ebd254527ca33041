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
// What was seen fades by 2 % with each batch beside others and by 0.2 % with one
// alone, so that queries which avoid each other do not soon forget why. The prior
// is one core with a contention of 1, worth firstWeight of a batch beside one
// other: it makes queries take turns, which shows what a batch takes alone. It
// fades as e^(-n/firstSpan) over n batches of commanded queries. The ridge
// (contentionRidge) is small, because queries that always overlap vary little in
// how much.
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
	// Commanded counts the batches seen of commanded queries. Weight is the weighted
	// count of all, Ratio the mean of their duration over the prediction, Slopes are
	// one for each of coresTried.
	Commanded float64 `json:"Held"`
	Weight    float64
	Ratio     float64                `json:"Y"`
	Slopes    [len(coresTried)]slope `json:"By"`
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
		if k.s.Commanded.Interval > 0 {
			d.Commanded++
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
	first := firstWeight * math.Exp(-d.Commanded/firstSpan)
	keep := aloneForget - (aloneForget-contentionForget)*min(others, 1)
	d.Ratio += (ratio - d.Ratio) / d.Weight
	most := 0.0
	d.Cores, d.Contention = coresTried[0], 0
	for i, cores := range coresTried {
		s, x := &d.Slopes[i], beyond(others, cores)
		dx := x - s.X
		s.X += dx / d.Weight
		s.XX = keep*s.XX + dx*(x-s.X)
		s.XY = keep*s.XY + dx*(ratio-d.Ratio)
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

// Neighbours is what the other queries of a driver mean to one that waits.
type Neighbours struct {
	// Running, Busy, Queries, Left, Before, Cores and Contention are the
	// Observation's of the driver.
	Running, Busy, Queries, Left, Before, Cores, Contention float64
}

// Neighbours is what the driver tells at t, beside whoever waits: Queries, Left
// and Before are for the caller to add, who knows the others.
func (d *Driver) Neighbours(t Time) Neighbours {
	d.advance(t)
	return Neighbours{Running: float64(d.Running), Busy: d.Busy, Cores: d.Cores, Contention: d.Contention}
}
