package calibrate

import (
	"math"
	"slices"
	"sort"
	"time"

	"rubato/env"
	"rubato/env/sim"
)

// Model is the simulator's model of one query. Its fields are named like those
// of sim.Config, so that its JSON decodes into one.
type Model struct {
	Query env.QueryKey
	// A batch lasts Overhead + PerRow (s a row) x rows, on the mean.
	Overhead time.Duration
	PerRow   float64
	// Noise is the standard deviation of the logarithm.
	Noise float64
	// Warmup: the first batches last 1 + Warmup, 1 + Warmup/2, ... times as long.
	Warmup    float64
	Straggler sim.Straggler
	Snapshot  sim.Snapshot
	// Growth is the share by which the overhead grows each hour.
	Growth float64
}

// Driver is the model of queries that share a driver. Its JSON decodes into a
// sim.Driver.
type Driver struct {
	// Cores is how many batches do not slow each other down.
	Cores      float64
	Contention float64
	Queries    []Model
}

const (
	mostWarmup     = 20
	mostContention = 8
	mostGrowth     = 20 // an hour
	// growthSpan is the shortest run whose growth is looked for, s.
	growthSpan = 1200
	// unsettled is how many first batches of a run tell its warm-up and nothing
	// else: a JVM compiles what it runs for a while. Of a short recording it is
	// a quarter.
	unsettled = 100
	// A straggler lasts at least slowest times as long as fitted, and so much
	// longer that the noise would not do it.
	slowest     = 2
	beyondNoise = 4
	// fewestSlow is the number of stragglers below which none are believed in.
	fewestSlow = 3
)

// settling is how many of the batches tell the warm-up alone.
func settling(batches []Batch) int {
	most := min(unsettled, len(batches)/4)
	return sort.Search(most, func(i int) bool { return batches[i].Number > unsettled })
}

// fit is a fitted query. a and b are medians.
type fit struct {
	a, b, warmup, growth, sigma float64
	snapshots                   periodic
	extra                       float64 // of a snapshot, s
	slow                        sim.Straggler
	began                       float64 // when the run's clock begins, s
}

// fitQuery fits a query whose driver is shared so.
func fitQuery(batches []Batch, began float64, s sharing) fit {
	f := fit{began: began}
	alone := make([]float64, len(batches))
	for i := range batches {
		alone[i] = s.alone(&batches[i])
	}
	n := settling(batches)
	first, settled := batches[:n], batches[n:]
	f.fitSettled(settled, alone[n:])
	for range 2 { // the warm-up's tail is in what has settled
		f.findWarmup(first, alone)
		f.fitSettled(settled, alone[n:])
	}
	f.findNoise(settled, alone[n:])
	return f
}

func (f *fit) fitSettled(batches []Batch, alone []float64) {
	f.snapshots, f.growth = periodic{}, 0
	f.regress(batches, alone)
	if f.findSnapshots(batches, alone) { // again, from the other batches
		f.regress(batches, alone)
		f.findSnapshots(batches, alone)
	}
	f.findGrowth(batches, alone)
}

// warm is the factor of batch number.
func (f *fit) warm(number uint64) float64 { return 1 + f.warmup/float64(max(number, 1)) }

// base is what multiplies the overhead at a moment.
func (f *fit) base(at float64) float64 { return 1 + f.growth*(at-f.began)/3600 }

// work is the median time of a batch on a driver of its own.
func (f *fit) work(b *Batch) float64 {
	work := (f.a*f.base(b.Start) + f.b*b.Rows) * f.warm(b.Number)
	if f.snapshots.hits(b.Number) {
		work += f.extra
	}
	return work
}

// points are the batches without snapshots, relieved of the warm-up.
func (f *fit) points(batches []Batch, alone []float64) []point {
	ps := make([]point, 0, len(batches))
	for i := range batches {
		if b := &batches[i]; !f.snapshots.hits(b.Number) {
			ps = append(ps, point{f.base(b.Start), b.Rows, max(alone[i]/f.warm(b.Number), 1e-6)})
		}
	}
	return ps
}

// regress finds overhead and time per row.
func (f *fit) regress(batches []Batch, alone []float64) {
	ps := f.points(batches, alone)
	if f.a == 0 {
		f.a, f.b = guess(ps)
	}
	f.a, f.b = regress(ps, f.a, f.b)
}

// findWarmup finds how much longer the first batches take.
func (f *fit) findWarmup(first []Batch, alone []float64) {
	f.warmup = search(mostWarmup, func(w float64) float64 {
		f.warmup = w
		sum := 0.0
		for i := range first {
			sum += math.Abs(math.Log(alone[i] / f.work(&first[i])))
		}
		return sum
	})
}

// ratios are how many times as long as fitted each batch took.
func (f *fit) ratios(batches []Batch, alone []float64) []float64 {
	out := make([]float64, len(batches))
	for i := range batches {
		out[i] = alone[i] / f.work(&batches[i])
	}
	return out
}

// findSnapshots tells whether some batches are periodically slow.
func (f *fit) findSnapshots(batches []Batch, alone []float64) bool {
	f.snapshots, f.extra = periodic{}, 0
	numbers := make([]uint64, len(batches))
	for i := range batches {
		numbers[i] = batches[i].Number
	}
	found := findPeriod(numbers, f.ratios(batches, alone))
	var extra, share []float64
	for i := range batches {
		if found.hits(batches[i].Number) {
			work := f.work(&batches[i])
			extra, share = append(extra, alone[i]-work), append(share, alone[i]/work-1)
		}
	}
	if found.every > 0 && median(share) >= worth {
		f.snapshots, f.extra = found, median(extra)
	}
	return f.snapshots.every > 0
}

// findGrowth fits growth where a long run's residuals rise.
func (f *fit) findGrowth(batches []Batch, alone []float64) {
	n := len(batches)
	if batches[n-1].Start-batches[0].Start < growthSpan {
		return
	}
	ranks, product := rank(f.ratios(batches, alone)), 0.0
	for i, r := range ranks {
		product += (r - float64(n+1)/2) * (float64(i+1) - float64(n+1)/2)
	}
	rho := product / (float64(n) * float64(n*n-1) / 12)
	if rho*math.Sqrt(float64(n-1)) < sure {
		return
	}
	f.growth = search(mostGrowth, func(g float64) float64 {
		f.growth = g
		f.regress(batches, alone)
		return loss(f.points(batches, alone), f.a, f.b)
	})
	f.regress(batches, alone)
}

// findNoise tells stragglers from noise. The noise's width is that of the
// middle 90 %, since that interval is what a fit is held to.
func (f *fit) findNoise(batches []Batch, alone []float64) {
	ratios := f.ratios(batches, alone)
	logs := make([]float64, len(ratios))
	for i, r := range ratios {
		logs[i] = math.Log(r)
	}
	slices.Sort(logs)
	sigma := (quantile(logs, 0.75) - quantile(logs, 0.25)) / 1.349
	limit := max(math.Log(slowest), beyondNoise*sigma)
	first, _ := slices.BinarySearch(logs, limit)
	if slow := logs[first:]; len(slow) >= fewestSlow {
		f.slow = sim.Straggler{Probability: float64(len(slow)) / float64(len(logs)), Factor: math.Exp(quantile(slow, 0.5))}
	}
	logs = logs[:first]
	f.sigma = (quantile(logs, 0.95) - quantile(logs, 0.05)) / (2 * deviations90)
}

// deviations90 is how many standard deviations either side hold 90 % of a
// normal distribution.
const deviations90 = 1.6448536269514722

// spread is the factor by which a batch is off its median at quantile q,
// stragglers among them.
func (f *fit) spread(q float64) float64 {
	below := func(x float64) float64 {
		p := f.slow.Probability
		if p == 0 {
			return normal(x, f.sigma)
		}
		return (1-p)*normal(x, f.sigma) + p*normal(x-math.Log(f.slow.Factor), f.sigma)
	}
	lo, hi := -20.0, 20.0
	for range 60 {
		if mid := (lo + hi) / 2; below(mid) < q {
			lo = mid
		} else {
			hi = mid
		}
	}
	return math.Exp((lo + hi) / 2)
}

// normal is the normal distribution function about 0.
func normal(x, sigma float64) float64 { return math.Erfc(-x/(max(sigma, 1e-9)*math.Sqrt2)) / 2 }

// model is the fit for the simulator.
func (f *fit) model(q env.QueryKey) Model {
	mean := math.Exp(f.sigma * f.sigma / 2)
	return Model{
		Query: q, Overhead: time.Duration(f.a * mean * float64(time.Second)).Round(time.Microsecond),
		PerRow: f.b * mean, Noise: f.sigma, Warmup: f.warmup, Straggler: f.slow,
		Snapshot: sim.Snapshot{Every: int(f.snapshots.every), Seconds: f.extra}, Growth: f.growth,
	}
}

// fitDriver fits all queries of a driver together with their contention.
func fitDriver(runs []*Run, batches [][]Batch) (sharing, []fit) {
	fitAll := func(s sharing) (fits []fit, total float64) {
		for i, r := range runs {
			f := fitQuery(batches[i], r.Busy[0].From, s)
			fits = append(fits, f)
			for j := range batches[i] {
				b := &batches[i][j]
				total += math.Abs(math.Log(s.alone(b) / f.work(b)))
			}
		}
		return fits, total
	}
	best := sharing{cores: 1}
	fits, low := fitAll(best)
	for cores := 1; cores < len(runs); cores++ {
		s := sharing{cores: float64(cores)}
		s.contention = search(mostContention, func(c float64) float64 {
			_, total := fitAll(sharing{s.cores, c})
			return total
		})
		if tried, total := fitAll(s); total < low {
			best, fits, low = s, tried, total
		}
	}
	return best, fits
}
