package spark

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"rubato/env/sim"
)

// Row is a rival on a window: means over its runs.
type Row struct {
	Rival, Policy string // as in Key
	Runs          int
	// CostRate is the weighted cost a second, Low and High the least and the
	// most of the runs.
	CostRate, Low, High float64
	// Latencies are means over the events of all queries; quantiles those of the
	// query that has the highest. Triggers, empties and batches are a second's,
	// of all queries.
	MeanMs, P50Ms, P95Ms, P99Ms float64
	Triggers, Empties, Batches  float64
	Events                      float64 // a second
	BatchMs                     float64
	Files, Bytes, CPUSeconds    float64
	Load                        float64
	Cores                       int // the runs'; 0 where one does not say
	// Predicted is what the simulator says, by the calibrated batch times, and
	// Own by those of the row's own runs: what is left between Own and measured
	// is not the machine's speed. Nil without a calibration; Own is nil where
	// queries share the driver. Equal is what the simulator says by the batch
	// time of the policy's runs on that window, where it played.
	Predicted, Own, Equal *Prediction
}

// Played is a window with what was run on it.
type Played struct {
	*Window
	Records []*Record
	Rows    []*Row // the cheapest first
	// Limit is the clairvoyant's cost a second at the batch time of the policy's
	// own runs (where it did not play: of the cheapest); 0 where it is not known.
	Limit float64
}

// Summary is what a set of runs of one kind came to.
type Summary struct {
	Key     Key // of all: without trace, seed, repeat and rival
	Windows []*Played
	// Others are the policies, and the rules' parameters, whose runs of this kind
	// are left out, sorted.
	Others []string
}

// Summarise reads the results file and sums up the runs that the options
// describe, with what the simulator says of them. Runs of other policies, and of
// rules tuned otherwise, are left out; where none is left, that is an error.
func Summarise(o Options) (*Summary, error) {
	records, err := ReadRecords(o.Results)
	if err != nil {
		return nil, err
	}
	windows, err := o.windows()
	if err != nil {
		return nil, err
	}
	s := &Summary{Key: Key{Spark: o.Spark, Job: o.Job, Weights: o.Weights, Minutes: o.Length.Minutes()}}
	for _, w := range windows {
		p := &Played{Window: w}
		for i := range records {
			r := &records[i]
			k := s.Key
			k.Trace, k.Seed, k.Repeat, k.Rival, k.Policy = w.Trace.Name, w.Seed, r.Repeat, r.Rival, r.Policy
			if r.Key != k {
				continue
			}
			switch wanted, err := o.wants(k); {
			case err != nil:
				return nil, err
			case wanted:
				p.Records = append(p.Records, r)
			case !slices.Contains(s.Others, k.Policy):
				s.Others = append(s.Others, k.Policy)
			}
		}
		if len(p.Records) > 0 {
			p.sum()
			s.Windows = append(s.Windows, p)
		}
	}
	slices.Sort(s.Others)
	if len(s.Windows) == 0 {
		return nil, s.nothing(o, windows)
	}
	return s, s.predict(o)
}

// wants tells whether a run is one of those that are summed up: of what ships and
// of rules as they are tuned now; or, where the options name policies, of those
// and of whatever rules there were.
func (o *Options) wants(k Key) (bool, error) {
	learnt := k.Rival == Frozen || k.Rival == Learning
	if len(o.Policies) > 0 {
		return !learnt || slices.Contains(o.Policies, k.Policy), nil
	}
	now, err := policyOf(k.Rival)
	return k.Policy == now, err
}

// nothing says what it was that nothing is recorded for.
func (s *Summary) nothing(o Options, windows []*Window) error {
	names := make([]string, len(windows))
	for i, w := range windows {
		names[i] = w.Name
	}
	others := ""
	if len(s.Others) > 0 {
		others = " but runs of " + strings.Join(s.Others, ", ")
	}
	return fmt.Errorf("nothing recorded in %s for Spark %s, job %s, weights %s, %v minutes, traces %s%s",
		o.Results, s.Key.Spark, s.Key.Job, s.Key.Weights, s.Key.Minutes, strings.Join(names, ", "), others)
}

// sum makes the rows from the records.
func (w *Played) sum() {
	for _, x := range w.Records {
		r := w.rowOf(x)
		if r == nil {
			r = &Row{Rival: x.Rival, Policy: x.Policy, Low: math.Inf(1), Cores: x.Cores}
			w.Rows = append(w.Rows, r)
		}
		r.add(x)
	}
	for _, r := range w.Rows {
		r.scale(1 / float64(r.Runs))
	}
	slices.SortStableFunc(w.Rows, func(a, b *Row) int { return cmp.Compare(a.CostRate, b.CostRate) })
}

// rowOf is the row of a run, or nil: rules of other parameters have one of their
// own.
func (w *Played) rowOf(x *Record) *Row {
	for _, r := range w.Rows {
		if r.Rival == x.Rival && (r.Policy == x.Policy || r.Rival == Frozen || r.Rival == Learning) {
			return r
		}
	}
	return nil
}

// row is a rival's, or nil.
func (w *Played) row(rival string) *Row {
	for _, r := range w.Rows {
		if r.Rival == rival {
			return r
		}
	}
	return nil
}

// fixed are the fixed intervals that were run, the cheapest first.
func (w *Played) fixed() (rows []*Row) {
	for _, r := range w.Rows {
		if strings.HasPrefix(r.Rival, fixedPrefix) {
			rows = append(rows, r)
		}
	}
	return rows
}

// bestFixed is the cheapest fixed interval that was run, or nil.
func (w *Played) bestFixed() *Row {
	if rows := w.fixed(); len(rows) > 0 {
		return rows[0]
	}
	return nil
}

// add takes in a run.
func (r *Row) add(x *Record) {
	r.Runs++
	r.Cores = min(r.Cores, x.Cores)
	r.CostRate += x.CostRate
	r.Low, r.High = min(r.Low, x.CostRate), max(r.High, x.CostRate)
	r.Files += float64(x.Files)
	r.Bytes += float64(x.Bytes)
	r.CPUSeconds += x.CPUSeconds
	r.Load += (x.Load[0] + x.Load[1]) / 2
	var delay, events, p50, p95, p99 float64
	for _, q := range x.Queries {
		delay += q.MeanMs * float64(q.Events)
		events += float64(q.Events)
		p50, p95, p99 = max(p50, q.P50Ms), max(p95, q.P95Ms), max(p99, q.P99Ms)
		r.Events += float64(q.Events) / x.Seconds
		r.Triggers += float64(q.Triggers) / x.Seconds
		r.Empties += float64(q.Empties) / x.Seconds
		r.Batches += float64(q.Batches) / x.Seconds
		r.BatchMs += q.BatchMs / float64(len(x.Queries))
	}
	r.MeanMs += delay / max(events, 1)
	r.P50Ms, r.P95Ms, r.P99Ms = r.P50Ms+p50, r.P95Ms+p95, r.P99Ms+p99
}

func (r *Row) scale(f float64) {
	for _, x := range []*float64{
		&r.CostRate, &r.MeanMs, &r.P50Ms, &r.P95Ms, &r.P99Ms, &r.Triggers, &r.Empties, &r.Batches, &r.Events,
		&r.BatchMs, &r.Files, &r.Bytes, &r.CPUSeconds, &r.Load,
	} {
		*x *= f
	}
}

// predict adds what the simulator says; without a calibration it adds nothing.
func (s *Summary) predict(o Options) error {
	for _, w := range s.Windows {
		if err := w.predict(o); err != nil && !errors.Is(err, ErrCalibration) {
			return err
		}
	}
	return nil
}

func (w *Played) predict(o Options) error {
	says := func(d sim.Driver, r *Row) (*Prediction, error) {
		begin := func() (play, error) { return player(r.Rival, r.Policy) }
		p, err := predictBy(d, w.Window, profile(o.Weights), o.Length, r.Rival, begin)
		return &p, err
	}
	policy := w.row(Frozen)
	for _, r := range w.Rows {
		d, err := calibration(o.Calibration, o.Job, r.Cores)
		if err != nil {
			return err
		}
		if r.Predicted, err = says(d, r); err != nil {
			return err
		}
		if len(d.Queries) > 1 {
			continue
		}
		if r.Own, err = says(r.timed(d), r); err != nil {
			return err
		}
		switch policy {
		case nil:
		case r:
			r.Equal = r.Own
		default:
			if r.Equal, err = says(policy.timed(d), r); err != nil {
				return err
			}
		}
	}
	if len(jobs[o.Job]) > 1 {
		return nil
	}
	base := cmp.Or(policy, w.Rows[0])
	d, err := calibration(o.Calibration, o.Job, base.Cores)
	if err != nil {
		return err
	}
	w.Limit, err = foresee(base.timed(d), w.Window, profile(o.Weights), o.Length)
	return err
}

// timed is the driver with the mean batch time of the row's own runs, its first
// batches over.
func (r *Row) timed(d sim.Driver) sim.Driver {
	q := d.Queries[0]
	rows := r.Events / max(r.Batches, 1e-9)
	q.Overhead = max(time.Duration((r.BatchMs/1e3-q.PerRow*rows)*float64(time.Second)), time.Millisecond)
	q.Warmup = 0
	d.Queries = []sim.Config{q}
	return d
}
