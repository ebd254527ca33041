package spark

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"rubato/env/sim"
)

// Row is a rival on a window: means over its runs.
type Row struct {
	Window, Rival string
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

// Summary is what a set of runs of one kind came to.
type Summary struct {
	Key  Key // of all: without trace, seed, repeat and rival
	Rows []Row
	// Windows are those that were played.
	Windows []*Window
	// Limits are the clairvoyant's cost a second by the window's name, at the
	// batch time of the policy's own runs there (where it did not play: of the
	// cheapest).
	Limits  map[string]float64
	Records []Record
}

// Summarise reads the results file and sums up the runs that the options
// describe, with what the simulator says of them. Runs of another policy than
// the shipped one are left out.
func Summarise(o Options) (*Summary, error) {
	records, err := ReadRecords(o.Results)
	if err != nil {
		return nil, err
	}
	policy, err := shipped()
	if err != nil {
		return nil, err
	}
	s := &Summary{
		Key:    Key{Spark: o.Spark, Job: o.Job, Weights: o.Weights, Minutes: o.Length.Minutes()},
		Limits: map[string]float64{},
	}
	windows, err := o.windows()
	if err != nil {
		return nil, err
	}
	for _, w := range windows {
		found := false
		for _, r := range records {
			k := s.Key
			k.Trace, k.Seed, k.Repeat, k.Rival, k.Policy = w.Trace.Name, w.Seed, r.Repeat, r.Rival, r.Policy
			if r.Key == k && (k.Policy == "" || k.Policy == policy) {
				r.window = w.Name
				s.Records = append(s.Records, r)
				found = true
			}
		}
		if found {
			s.Windows = append(s.Windows, w)
		}
	}
	s.rows()
	return s, s.predict(o)
}

// rows makes the rows from the records: the cheapest of each window first.
func (s *Summary) rows() {
	type place struct{ window, rival string }
	at := map[place]*Row{}
	for i := range s.Records {
		r := &s.Records[i]
		p := place{r.window, r.Rival}
		if at[p] == nil {
			at[p] = &Row{Window: r.window, Rival: r.Rival, Low: math.Inf(1), Cores: r.Cores}
		}
		at[p].add(r)
	}
	for _, r := range at {
		r.scale(1 / float64(r.Runs))
		s.Rows = append(s.Rows, *r)
	}
	slices.SortFunc(s.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(s.number(a.Window), s.number(b.Window)), cmp.Compare(a.CostRate, b.CostRate))
	})
}

// number is the place of the window of that name.
func (s *Summary) number(window string) int {
	return slices.IndexFunc(s.Windows, func(w *Window) bool { return w.Name == window })
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
	d, err := calibration(o.Calibration, o.Job)
	if errors.Is(err, ErrCalibration) {
		return nil
	}
	if err != nil {
		return err
	}
	weights := profile(o.Weights)
	for i := range s.Rows {
		r := &s.Rows[i]
		w := s.Windows[s.number(r.Window)]
		p, err := predict(r.held(d), w, weights, o.Length, r.Rival)
		if err != nil {
			return err
		}
		r.Predicted = &p
		if len(d.Queries) > 1 {
			continue
		}
		own, err := predict(r.timed(d), w, weights, o.Length, r.Rival)
		if err != nil {
			return err
		}
		r.Own = &own
		switch policy := s.row(r.Window, Frozen); policy {
		case nil:
		case r:
			r.Equal = r.Own
		default:
			equal, err := predict(policy.timed(d), w, weights, o.Length, r.Rival)
			if err != nil {
				return err
			}
			r.Equal = &equal
		}
	}
	for i := range s.Rows {
		r := &s.Rows[i]
		if s.Limits[r.Window] != 0 && r.Rival != Frozen || len(d.Queries) > 1 {
			continue
		}
		if s.Limits[r.Window], err = foresee(r.timed(d), s.Windows[s.number(r.Window)], weights, o.Length); err != nil {
			return err
		}
	}
	return nil
}

// held is the driver on the cores that the row's runs had: batches that run at
// once share the only one there is, which the calibrated drivers had not.
func (r *Row) held(d sim.Driver) sim.Driver {
	if r.Cores == 1 {
		d.Contention = 1
	}
	return d
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

// row is a rival's on a window, or nil.
func (s *Summary) row(window, rival string) *Row {
	for i := range s.Rows {
		if s.Rows[i].Window == window && s.Rows[i].Rival == rival {
			return &s.Rows[i]
		}
	}
	return nil
}

// bestFixed is the cheapest fixed interval that was run on a window, or nil.
func (s *Summary) bestFixed(window string) *Row {
	for i := range s.Rows {
		if r := &s.Rows[i]; r.Window == window && strings.HasPrefix(r.Rival, fixedPrefix) {
			return r // they are sorted by cost
		}
	}
	return nil
}

// ratio is the mean of a rival's cost over another's, where both were run.
func (s *Summary) ratio(of, over func(window string) *Row) (mean float64, traces int) {
	return s.mean(func(window string) float64 {
		a, b := of(window), over(window)
		if a == nil || b == nil {
			return 0
		}
		return a.CostRate / b.CostRate
	})
}

// mean is the geometric mean of what is above 0, over each trace's windows and
// then over the traces, and how many traces that were.
func (s *Summary) mean(of func(window string) float64) (mean float64, traces int) {
	type sum struct{ logs, n float64 }
	sums := map[string]*sum{}
	for _, w := range s.Windows {
		x := of(w.Name)
		if !(x > 0) {
			continue
		}
		if sums[w.Trace.Name] == nil {
			sums[w.Trace.Name] = &sum{}
		}
		sums[w.Trace.Name].logs += math.Log(x)
		sums[w.Trace.Name].n++
	}
	all := 0.0
	for _, trace := range slices.Sorted(maps.Keys(sums)) {
		all += sums[trace].logs / sums[trace].n
	}
	return math.Exp(all / float64(max(len(sums), 1))), len(sums)
}

func (s *Summary) named(rival string) func(string) *Row {
	return func(window string) *Row { return s.row(window, rival) }
}

// Goal is a line of the goal table.
type Goal struct {
	Figure, Goal, Measured, Beside string
	Met, Known                     bool
}

// Goals judges the frozen policy by what was run.
func (s *Summary) Goals() []Goal {
	frozen := s.named(Frozen)
	ratio := func(figure string, limit float64, over func(string) *Row) Goal {
		x, n := s.ratio(frozen, over)
		return Goal{
			Figure: figure, Goal: fmt.Sprintf("<= %.2f", limit), Measured: fmt.Sprintf("%.3f", x),
			Beside: fmt.Sprintf("%d traces", n), Met: x <= limit, Known: n > 0,
		}
	}
	if len(jobs[s.Key.Job]) > 1 {
		return []Goal{ratio("queries on one driver: cost / waiting-cost rule for each", 0.97, s.named(waiting))}
	}
	best := ratio("frozen policy: cost / best fixed, geometric mean", 0.88, s.bestFixed)
	if limit, n := s.limit(); n > 0 {
		best.Beside += fmt.Sprintf("; clairvoyant %.3f", limit)
	}
	rule := ratio("frozen policy: cost / waiting-cost rule", 1.01, s.named(waiting))
	if x, n := s.equal(waiting); n > 0 {
		rule.Beside += fmt.Sprintf("; simulated, both at the policy's batch times: %.3f", x)
	}
	goals := []Goal{best, rule}
	var rivals []string
	for i := range s.Rows {
		if r := s.Rows[i].Rival; r != Frozen && r != Learning && r != waiting && !strings.HasPrefix(r, fixedPrefix) {
			rivals = append(rivals, r)
		}
	}
	slices.Sort(rivals)
	for _, rival := range slices.Compact(rivals) {
		goals = append(goals, ratio("frozen policy: cost / "+rival, 0.97, s.named(rival)))
	}
	return append(goals, s.fronts())
}

// waiting is the rule that a goal names.
const waiting = "waiting-cost"

// equally is the policy's cost over a rival's in the simulator, both at the
// batch times of the policy's runs; 0 where that is not known.
func (s *Summary) equally(window, rival string) float64 {
	p, r := s.row(window, Frozen), s.row(window, rival)
	if p == nil || r == nil || p.Equal == nil || r.Equal == nil {
		return 0
	}
	return p.Equal.CostRate / r.Equal.CostRate
}

// equal is the mean of that over the traces.
func (s *Summary) equal(rival string) (mean float64, traces int) {
	return s.mean(func(window string) float64 { return s.equally(window, rival) })
}

// limit is the mean of the clairvoyant's cost over the best fixed.
func (s *Summary) limit() (mean float64, traces int) {
	return s.mean(func(window string) float64 {
		if b := s.bestFixed(window); b != nil {
			return s.Limits[window] / b.CostRate
		}
		return 0
	})
}

// fronts counts on how many windows the policy's point is below the front of the
// fixed intervals that were run.
func (s *Summary) fronts() Goal {
	ahead, n := 0, 0
	for _, w := range s.Windows {
		p := s.row(w.Name, Frozen)
		if p == nil || s.bestFixed(w.Name) == nil {
			continue
		}
		n++
		if s.ahead(p) {
			ahead++
		}
	}
	return Goal{
		Figure: "windows on which the policy's point is left of the front of the fixed intervals", Goal: "all",
		Measured: fmt.Sprintf("%d of %d", ahead, n), Met: ahead == n, Known: n > 0,
	}
}

// ahead tells whether no fixed interval, and nothing on the straight line (in
// the logarithms) between two, has as few triggers and as little latency.
func (s *Summary) ahead(p *Row) bool {
	var front []*Row
	for i := range s.Rows {
		if r := &s.Rows[i]; r.Window == p.Window && strings.HasPrefix(r.Rival, fixedPrefix) {
			front = append(front, r)
		}
	}
	slices.SortFunc(front, func(a, b *Row) int { return cmp.Compare(a.Triggers, b.Triggers) })
	for i, b := range front {
		if b.Triggers <= p.Triggers && b.MeanMs <= p.MeanMs {
			return false
		}
		if i == 0 || front[i-1].Triggers > p.Triggers || b.Triggers < p.Triggers {
			continue
		}
		a := front[i-1]
		part := math.Log(p.Triggers/a.Triggers) / math.Log(b.Triggers/a.Triggers)
		if at := math.Exp(math.Log(a.MeanMs) + part*math.Log(b.MeanMs/a.MeanMs)); at <= p.MeanMs {
			return false
		}
	}
	return true
}
