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

// Query is what a journal tells of one.
type Query struct {
	Key env.QueryKey
	// Configured is the job's own interval.
	Configured time.Duration
	Windows    []Window
	// Why says why there is no window, where there is none.
	Why string
}

// Window is a quarter of an hour of a query's arrivals, or what there is of it.
type Window struct {
	// Counts are the events of each second.
	Counts []float32
	Model  threshold.Model
}

// Settings are what is asked of a query that is configured to an interval; false
// where it cannot be managed.
type Settings func(q env.QueryKey, configured time.Duration) (env.Settings, bool)

// Read reads the queries of a journal, by their keys. Arrivals up to the record
// since are left out.
func Read(ctx context.Context, j *replay.Journal, since uint64, settings Settings) ([]Query, error) {
	r := reader{settings: settings, queries: map[env.QueryKey]*reading{}}
	err := j.Iterate(1, func(rec replay.Record) error {
		switch {
		case rec.Input != nil && rec.Input.Kind == env.InputMessage:
			r.message(rec.Input)
		case rec.Step != nil && rec.Seq > since:
			r.step(rec.Step)
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("reading the arrivals: %w", err)
	}
	var all []Query
	for _, key := range slices.Sorted(maps.Keys(r.queries)) {
		all = append(all, r.queries[key].query(key, r.settings))
	}
	return all, nil
}

type reader struct {
	settings Settings
	queries  map[env.QueryKey]*reading
}

func (r *reader) of(key env.QueryKey) *reading {
	q := r.queries[key]
	if q == nil {
		q = new(reading)
		r.queries[key] = q
	}
	return q
}

// message takes in what a run says of itself when it introduces itself. The tuner
// journals what does not parse too.
func (r *reader) message(in *env.Input) {
	if !bytes.Contains(in.Value, []byte(spark.Started)) {
		return // most are others, and to decode takes longer than to look
	}
	m, err := spark.Decode(in.Value)
	if err == nil && m.Type == spark.Started {
		r.of(env.QueryKey(in.Key)).configured = time.Duration(m.ConfiguredMs) * time.Millisecond
	}
}

func (r *reader) step(s *replay.Step) {
	q := r.of(s.Query)
	if s.Observation.DriverQueries > 0 {
		q.shared = true
		q.record = threshold.Record{}
		return
	}
	if s.First {
		q.record.Restart(s.At, s.Arrived)
	} else {
		q.record.Add(s.At, s.Arrived)
	}
	if s.Observation.Overhead > 0 {
		q.seen = s.Observation
	}
	if q.record.Seconds() == threshold.Window {
		q.close()
	}
}

// reading is a query while the journal is read.
type reading struct {
	configured time.Duration
	shared     bool
	record     threshold.Record
	seen       env.Observation // the last that had a fit
	windows    []seconds
}

type seconds struct {
	counts []float32
	seen   env.Observation
}

// close ends a window that is long enough to tell something.
func (q *reading) close() {
	if q.record.Seconds() >= threshold.Least && q.seen.Reference > 0 {
		q.windows = append(q.windows, seconds{q.record.Counts(), q.seen})
	}
	q.record = threshold.Record{}
}

func (q *reading) query(key env.QueryKey, settings Settings) Query {
	q.close()
	out := Query{Key: key, Configured: q.configured}
	set, manageable := settings(key, q.configured)
	switch {
	case q.configured <= 0 || !manageable:
		out.Why = "it has no interval that could be tuned"
		return out
	case len(q.windows) == 0:
		out.Why = fmt.Sprintf("less than %d minutes in a row are known of it", threshold.Least/60)
		if q.shared {
			out.Why = "it shares its driver with other queries, and the simulator knows one"
		}
		return out
	}
	for _, w := range q.windows {
		out.Windows = append(out.Windows, Window{w.counts, threshold.Fitted(set, &w.seen)})
	}
	return out
}
