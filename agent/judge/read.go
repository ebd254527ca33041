package judge

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"rubato/agent/threshold"
	"rubato/env"
	"rubato/env/spark"
	"rubato/replay"
)

const (
	// intervals are how many of the configured ones a window holds at least: it
	// begins and ends beside their rhythm.
	intervals = 20
	// silence is how long after a batch the next step may come before arrivals
	// count as unknown, s; a few ticks are allowed for too.
	silence = 5
)

// Query is what a journal tells of one.
type Query struct {
	Key     env.QueryKey
	Windows []Window
	// Why says why there is no window, where there is none.
	Why string
}

// Window is a quarter of an hour of a run's arrivals (more where the configured
// interval is long), or what there is of it.
type Window struct {
	// Configured is the job's own interval.
	Configured time.Duration
	// Counts are the events of each second.
	Counts []float32
	Model  threshold.Model
}

// Resolver tells what is asked of a query that is configured to an interval; false
// where it cannot be managed.
type Resolver func(q env.QueryKey, configured time.Duration) (env.Settings, bool)

// tunable is what is asked of a query with an interval that could be tuned.
func (r Resolver) tunable(q env.QueryKey, configured time.Duration) (set env.Settings, ok bool) {
	if configured <= 0 {
		return set, false
	}
	return r(q, configured)
}

// Read reads the queries of a journal, by their keys. Arrivals up to the record
// since are left out.
func Read(ctx context.Context, j *replay.Journal, since uint64, settings Resolver) ([]Query, error) {
	r := reader{}
	err := j.Iterate(1, func(rec replay.Record) error {
		switch {
		case rec.Input != nil && rec.Input.Kind == env.InputMessage:
			r.message(rec.Input)
		case rec.Step != nil && rec.Seq > since:
			r.of(rec.Step.Query).step(rec.Step)
		case rec.Step != nil:
			r.of(rec.Step.Query).run = rec.Step.Run
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("reading the arrivals: %w", err)
	}
	var all []Query
	for _, key := range slices.Sorted(maps.Keys(r)) {
		all = append(all, r[key].query(key, settings))
	}
	return all, nil
}

// reader is the queries of a journal while it is read.
type reader map[env.QueryKey]*reading

func (r reader) of(key env.QueryKey) *reading {
	q := r[key]
	if q == nil {
		q = &reading{configured: map[env.RunID]time.Duration{}}
		r[key] = q
	}
	return q
}

// message takes in the interval that a run is configured to, from whichever of
// its messages the journal still has. The tuner journals what does not parse too:
// that is of no query.
func (r reader) message(in *env.Input) {
	key := env.QueryKey(in.Key)
	if q := r[key]; q != nil {
		if _, known := q.configured[q.run]; known && !bytes.Contains(in.Value, []byte(spark.Started)) {
			return // most are such, and to decode takes longer than to look
		}
	}
	if m, err := spark.Decode(in.Value); err == nil {
		r.of(key).configured[m.Run] = time.Duration(m.ConfiguredMs) * time.Millisecond
	}
}

// reading is a query while the journal is read.
type reading struct {
	// configured are the intervals of its runs.
	configured map[env.RunID]time.Duration
	// run is that of the last step, at its time, and triggered when its trigger
	// began.
	run           env.RunID
	at, triggered env.Time
	shared        bool
	// record and counts are the window in course; the record was last told of
	// total, at told.
	record threshold.Record
	told   env.Time
	total  float64
	counts []float32
	seen   env.Observation // the last that had a fit
	done   []stretch
}

// stretch is a window whose interval is not looked up yet.
type stretch struct {
	run    env.RunID
	counts []float32
	seen   env.Observation
}

func (q *reading) step(s *replay.Step) {
	o := &s.Observation
	elapsed := s.At.Sub(q.at)
	limit := silence + 2*o.Period + o.BatchLast
	if o.DriverQueries > 0 || s.First || s.Run != q.run || !(elapsed >= 0 && elapsed <= limit) {
		q.close()
	}
	q.run, q.at = s.Run, s.At
	if o.DriverQueries > 0 {
		q.shared = true
		return
	}
	if o.Overhead > 0 {
		q.seen = *o
	}
	// Between two triggers of a blind query what arrived is a guess.
	if began := s.At.Add(-o.SinceTrigger); o.Sighted > 0 || began.Sub(q.triggered) > 1e-3 {
		q.triggered = began
		q.arrived(s.At, s.Arrived)
	}
	if len(q.counts) >= q.length() {
		q.close()
	}
}

// arrived takes in that by t so many events had arrived in total. A wait that is
// longer than what a record keeps goes in in pieces.
func (q *reading) arrived(t env.Time, total float64) {
	for wait := t.Sub(q.told); q.record.Begun() && wait > threshold.Window; wait = t.Sub(q.told) {
		q.add(q.told.Add(threshold.Window), q.total+(total-q.total)*threshold.Window/wait)
	}
	q.add(t, total)
}

func (q *reading) add(t env.Time, total float64) {
	q.told, q.total = t, total
	q.record.Add(t, total)
	q.counts = append(q.counts, q.record.Take()...)
}

// length is that of a window of the run in course, s.
func (q *reading) length() int {
	return max(threshold.Window, int(intervals*q.configured[q.run].Seconds()))
}

// close ends a window that is long enough to tell something.
func (q *reading) close() {
	least := max(threshold.Least, q.length()/2)
	if len(q.counts) >= least && q.seen.Reference > 0 {
		q.done = append(q.done, stretch{q.run, q.counts, q.seen})
	}
	q.record, q.counts = threshold.Record{}, nil
}

const noInterval = "it has no interval that could be tuned"

// untunable tells whether all that is known of its runs is that none had an
// interval that could be tuned.
func (q *reading) untunable(key env.QueryKey, settings Resolver) bool {
	for _, configured := range q.configured {
		if _, ok := settings.tunable(key, configured); ok {
			return false
		}
	}
	return len(q.configured) > 0
}

func (q *reading) query(key env.QueryKey, settings Resolver) Query {
	q.close()
	out := Query{Key: key}
	for _, w := range q.done {
		configured, known := q.configured[w.run]
		set, tunable := settings.tunable(key, configured)
		switch {
		case !known:
			out.Why = "the journal does not tell what interval it is configured to"
		case !tunable:
			out.Why = noInterval
		default:
			out.Windows = append(out.Windows, Window{configured, w.counts, threshold.Fitted(set, &w.seen)})
		}
	}
	switch {
	case len(out.Windows) > 0:
		out.Why = ""
	case out.Why != "":
	case q.untunable(key, settings):
		out.Why = noInterval
	case q.shared:
		out.Why = "it shares its driver with other queries, and the simulator knows one"
	default:
		out.Why = fmt.Sprintf("less than %d minutes in a row are known of it, or %d of its intervals", threshold.Least/60, intervals/2)
	}
	return out
}
