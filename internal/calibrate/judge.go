package calibrate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// The goals of a judgement.
const (
	// GoalError is the highest median error, as a share.
	GoalError = 0.15
	// GoalCoverageLow is the least share of batches within their 90 % interval,
	// GoalCoverageHigh the greatest.
	GoalCoverageLow  = 0.85
	GoalCoverageHigh = 0.95
)

// Judgement is how well a fit to the first half of a run's batches, past its
// warm-up, told the second half, one step ahead: each batch from the fit and
// from how the batches before it were off (see drift). Errors are medians of
// absolute relative errors.
type Judgement struct {
	Batches int `json:"batches"`
	// Duration is the error of the batches' time, Latency that of the mean
	// latency of the rows of each batch.
	Duration float64 `json:"durationError"`
	Latency  float64 `json:"latencyError"`
	// Latencies is how many batches Latency is of.
	Latencies int `json:"latencies"`
	// Bias is the median relative error of the batches' time with its sign:
	// above 0 the fit says too long.
	Bias float64 `json:"durationBias"`
	// Coverage is the share of batches within their 90 % interval.
	Coverage float64 `json:"coverage90"`
}

// Met tells whether the goals were.
func (j Judgement) Met() bool {
	return j.Duration <= GoalError && (j.Latencies == 0 || j.Latency <= GoalError) &&
		j.Coverage >= GoalCoverageLow && j.Coverage <= GoalCoverageHigh
}

// Level is a group of batches of about the same number of rows.
type Level struct {
	Batches int `json:"batches"`
	// Rows are the median of the group's; Measured and Fitted the medians of
	// the batches' time, s.
	Rows     float64 `json:"rows"`
	Measured float64 `json:"measuredS"`
	Fitted   float64 `json:"fittedS"`
}

// Query is the calibration of one run of a query.
type Query struct {
	Run   *Run
	Model Model
	// Levels are the fit beside the data.
	Levels []Level
	// Judged is of a fit of its own, to the first half.
	Judged Judgement

	median [2]float64 // overhead, s, and time per row
}

// Result is the calibration of one driver.
type Result struct {
	App     string
	Driver  Driver
	Queries []Query
}

// ErrTooFew says that nothing could be fitted.
var ErrTooFew = errors.New("too few batches with rows")

// Fit calibrates each driver's queries. Runs of too few batches are left out;
// where that leaves none, the error says how many there were.
func Fit(runs []*Run) ([]Result, error) {
	var apps []string
	drivers := make(map[string][]*Run)
	most := 0
	for _, r := range runs {
		most = max(most, len(r.Batches))
		if !r.fittable() {
			continue
		}
		if drivers[r.App] == nil {
			apps = append(apps, r.App)
		}
		drivers[r.App] = append(drivers[r.App], r)
	}
	switch {
	case len(runs) == 0:
		return nil, fmt.Errorf("%w: there is no run of a query", ErrTooFew)
	case len(apps) == 0:
		return nil, fmt.Errorf("%w: %d runs, the longest of %d; at least %d are needed", ErrTooFew, len(runs), most, fewest)
	}
	var results []Result
	for _, app := range apps {
		results = append(results, fitApp(app, drivers[app]))
	}
	return results, nil
}

// half is where the second half of the settled batches begins.
func half(batches []Batch) int {
	n := settling(batches)
	return n + (len(batches)-n)/2
}

func fitApp(app string, runs []*Run) Result {
	share(runs)
	all, first := make([][]Batch, len(runs)), make([][]Batch, len(runs))
	for i, r := range runs {
		all[i], first[i] = r.Batches, r.Batches[:half(r.Batches)]
	}
	shared, fits := fitDriver(runs, all)
	early, halves := fitDriver(runs, first)
	result := Result{App: app, Driver: Driver{Cores: shared.cores, Contention: shared.contention}}
	for i, r := range runs {
		rest := others(runs, r)
		m := fits[i].model(r.Query)
		result.Driver.Queries = append(result.Driver.Queries, m)
		result.Queries = append(result.Queries, Query{
			Run: r, Model: m, median: [2]float64{fits[i].a, fits[i].b},
			Levels: levels(r.Batches, &fits[i], shared, rest),
			Judged: judge(r.Batches, half(r.Batches), &halves[i], early, rest),
		})
	}
	return result
}

// drift follows how a run's batches are off the fit, in logarithms, and how
// widely: real drivers are a tenth faster or slower for minutes, and calmer or
// more ragged, as the JVM compiles and neighbours come and go. The simulator's
// noise has no such memory.
type drift struct{ level, width float64 }

// The shares of a batch in the drift.
const (
	levelGain = 0.1
	widthGain = 0.03
)

// observe takes in that a batch took so many times as long as was fitted.
func (d *drift) observe(ratio float64) {
	off := math.Log(ratio) - d.level
	off = min(max(off, -math.Ln2), math.Ln2)
	d.width += widthGain * (math.Abs(off) - d.width)
	d.level += levelGain * off
}

// sigma is the noise about the drift: the mean absolute deviation of a normal
// distribution is sqrt(2/pi) of it.
func (d *drift) sigma() float64 { return d.width * math.Sqrt(math.Pi/2) }

// judge compares a fit to the first batches with the others, which it has not
// seen.
func judge(batches []Batch, first int, f *fit, s sharing, rest timeline) Judgement {
	off := func(b *Batch) float64 { return s.alone(b) / f.work(b) }
	d := drift{width: f.sigma / math.Sqrt(math.Pi/2)}
	for i := settling(batches); i < first; i++ {
		d.observe(off(&batches[i]))
	}
	batches = batches[first:]
	j := Judgement{Batches: len(batches)}
	var signed, errors, latencies []float64
	within := 0
	for i := range batches {
		b := &batches[i]
		f.sigma = d.sigma()
		low, high := f.spread(0.05), f.spread(0.95)
		work, took := f.work(b)*math.Exp(d.level), b.Duration()
		fitted := s.stretch(rest, b.Start, work)
		signed = append(signed, fitted/took-1)
		errors = append(errors, math.Abs(fitted/took-1))
		if took >= s.stretch(rest, b.Start, low*work) && took <= s.stretch(rest, b.Start, high*work) {
			within++
		}
		if latency := b.End - b.Arrived; latency > 0 {
			off := b.Due + s.stretch(rest, b.Due, work) - b.End
			latencies = append(latencies, math.Abs(off)/latency)
		}
		d.observe(off(b))
	}
	j.Coverage = float64(within) / float64(len(batches))
	j.Duration, j.Bias, j.Latencies = median(errors), median(signed), len(latencies)
	if j.Latencies > 0 {
		j.Latency = median(latencies)
	}
	return j
}

// groups is the number of Levels at most.
const groups = 8

// levels puts the fit beside the data.
func levels(batches []Batch, f *fit, s sharing, rest timeline) []Level {
	sorted := slices.Clone(batches)
	slices.SortStableFunc(sorted, func(a, b Batch) int { return cmp.Compare(a.Rows, b.Rows) })
	n := min(groups, len(sorted)/5)
	var out []Level
	for g := range n {
		group := sorted[g*len(sorted)/n : (g+1)*len(sorted)/n]
		var rows, measured, fitted []float64
		for i := range group {
			b := &group[i]
			rows = append(rows, b.Rows)
			measured = append(measured, b.Duration())
			fitted = append(fitted, s.stretch(rest, b.Start, f.work(b)))
		}
		out = append(out, Level{len(group), median(rows), median(measured), median(fitted)})
	}
	return out
}
