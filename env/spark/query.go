package spark

import (
	"fmt"
	"slices"
	"strings"

	"rubato/env"
	"rubato/env/arrivals"
)

// find returns the query and run that m belongs to; they are made if need be.
func (e *Environment) find(k env.QueryKey, m *Message) (*query, *run, error) {
	q := e.queries[k]
	if q == nil {
		if len(e.keys) >= maxQueries {
			return nil, nil, fmt.Errorf("%w: %s is one above %d queries", ErrFull, k, maxQueries)
		}
		q = &query{key: k}
		e.put(q)
	}
	if slices.Contains(q.ended, m.Run) {
		return nil, nil, fmt.Errorf("%w: %s of %s", ErrGone, m.Run, k)
	}
	for _, r := range q.runs {
		if r.ID == m.Run {
			return q, r, nil
		}
	}
	if len(q.runs) >= maxRuns {
		return nil, nil, fmt.Errorf("%w: run %s of %s is one above %d", ErrFull, m.Run, k, maxRuns)
	}
	return q, e.join(q, m), nil
}

func (e *Environment) put(q *query) {
	e.queries[q.key] = q
	i, _ := slices.BinarySearch(e.keys, q.key)
	e.keys = slices.Insert(e.keys, i, q.key)
}

// join adds a run whose first message is m. The runs before it are in doubt
// until they speak again.
func (e *Environment) join(q *query, m *Message) *run {
	if q.rivalry.LeftTo {
		q.rivalry.QuietSince = e.s.Now // the other has not commanded this run yet
	}
	r := &run{key: q.key, rivalry: &q.rivalry, runState: runState{
		ID: m.Run, LastAt: e.s.Now,
		Seq: m.Seq - 1, Counters: m.Counters, ConfiguredMs: m.ConfiguredMs,
	}}
	r.tracker = e.newTracker(q.key, r.ID, e.s.Now)
	for _, old := range q.runs {
		old.Doubted = true
	}
	if r.Past = !e.s.Live; !r.Past {
		q.inherit(r, len(q.runs))
	}
	// Counters hold what m itself tells of: its own end of a trigger is no
	// gap, but neither is it known yet.
	if m.Type == Trigger && m.Edge == EdgeEnd {
		if m.Outcome == OutcomeEmpty && r.Counters.EmptyTriggers > 0 {
			r.Counters.EmptyTriggers--
		}
		if m.Outcome == OutcomeBatch && r.Counters.Batches > 0 {
			r.Counters.Batches--
		}
	}
	q.runs = append(q.runs, r)
	e.resolve(q.key, r)
	return r
}

// inherit gives a run, the query's i-th, what a former one learnt of its load.
func (q *query) inherit(r *run, i int) {
	from := q.former
	if i > 0 && q.runs[i-1].learnt() {
		from = q.runs[i-1].tracker
	}
	if from != nil {
		r.tracker.Inherit(from)
		r.Inherited = true
	}
	q.former = nil
}

// live ends catching up. Runs that were first met meanwhile are followed from
// here on, with fresh trackers: when their past messages were sent is not known,
// and all that was read of it would seem to have happened at once.
func (e *Environment) live() {
	e.s.Live = true
	known := make(map[string]bool) // drivers
	for _, k := range e.keys {
		q := e.queries[k]
		for i, r := range q.runs {
			if !r.Past {
				if r.Info != nil {
					known[r.Info.AppID] = true
				}
				continue
			}
			e.leave(r)
			r.Past, r.Start = false, nil
			r.tracker = e.newTracker(k, r.ID, e.s.Now)
			q.inherit(r, i)
			if r.Info != nil {
				e.enter(r)
			}
			e.resolve(k, r)
		}
	}
	e.s.Drivers = slices.DeleteFunc(e.s.Drivers, func(d driver) bool { return !known[d.App] })
}

// drop takes a run out; what it learnt of its load stays for the next one.
func (e *Environment) drop(q *query, r *run) {
	e.leave(r)
	q.runs = slices.DeleteFunc(q.runs, func(x *run) bool { return x == r })
	if r.learnt() {
		q.former = r.tracker
	}
	q.leftAt = e.s.Now
}

// learnt tells whether the run knows a load that is worth keeping.
func (r *run) learnt() bool { return !r.Past && (r.tracker.Warmed() || r.Inherited) }

// sweep drops runs that were silent too long, and forgets queries without any.
func (e *Environment) sweep() {
	e.s.SweptAt = e.s.Now
	silence := goneLeases * e.opts.Lease.Seconds()
	e.keys = slices.DeleteFunc(e.keys, func(k env.QueryKey) bool {
		q := e.queries[k]
		for _, r := range slices.Clone(q.runs) {
			if e.s.Now.Sub(max(r.LastAt, e.s.StartedAt)) > silence {
				e.drop(q, r)
			}
		}
		left := e.s.Now.Sub(q.leftAt)
		forget := len(q.runs) == 0 && left > silence && (q.former == nil && q.rivalry == rivalry{} || left > remember)
		if forget {
			delete(e.queries, k)
		}
		return forget
	})
	apps := make(map[string]bool)
	for _, k := range e.keys {
		for _, r := range e.queries[k].runs {
			if r.Info != nil {
				apps[r.Info.AppID] = true
			}
		}
	}
	e.s.Drivers = slices.DeleteFunc(e.s.Drivers, func(d driver) bool { return !apps[d.App] })
}

// contested tells whether two runs of the key are alive.
func (q *query) contested() bool {
	alive := 0
	for _, r := range q.runs {
		if !r.Doubted {
			alive++
		}
	}
	return alive > 1
}

// newest is the run that spoke last as the only one, or nil.
func (q *query) newest() *run {
	for _, r := range slices.Backward(q.runs) {
		if !r.Doubted {
			return r
		}
	}
	return nil
}

// steered is the query's run that may tick and be commanded, or nil.
func (q *query) steered() *run {
	if r := q.newest(); r != nil && !q.contested() && r.unmanaged() == "" {
		return r
	}
	return nil
}

// yields tells whether the run would be commanded, but for another tuner.
func (r *run) yields() bool { return r.rivalry.LeftTo && r.Resolved.Command }

// Unresolved is why a query is left alone that the resolver has no settings for.
const Unresolved = "in no group"

// unmanaged says why a run may not be steered; nothing where it may.
func (r *run) unmanaged() string {
	switch {
	case r.Info == nil:
		return "not introduced yet"
	case !r.HasSettings:
		return Unresolved
	case !r.Info.Manageable:
		return "not manageable"
	case !r.Info.HooksActive:
		return "hooks missing"
	case r.Conflict:
		return "another run under the same key"
	case r.yields():
		return "another tuner commands it"
	}
	return ""
}

// brokers is the set to ask about one of the run's sources.
func (r *run) brokers(i int, standard []string) string {
	if set := arrivals.Set(r.Resolved.Brokers); set != "" {
		return set
	}
	if set := r.Readers[i].Brokers; set != "" {
		return set
	}
	return arrivals.Set(standard)
}

// sight takes in a sample where it is of the run's topics. A query with any
// source that has no end offsets is estimated from progress as a whole.
func (r *run) sight(now env.Time, s *arrivals.Sample, standard []string) {
	for i := range r.Readers {
		if !r.Readers[i].Kafka {
			return
		}
	}
	hit := false
	for i := range r.Readers {
		if len(r.Readers[i].Topics) == 0 || r.brokers(i, standard) != s.Brokers {
			continue
		}
		for _, t := range s.Topics {
			_, ok := slices.BinarySearch(r.Readers[i].Topics, t.Name)
			hit = hit || ok
		}
		r.Ledger.Sight(i, s.Topics, r.Readers[i].reads)
	}
	if hit {
		r.SampledAt, r.Sampled = now, true
		r.tracker.Arrived(now, r.Ledger.Arrived, true)
	}
}

// Wanted returns the topics to ask brokers about, by broker set, sorted.
func (e *Environment) Wanted() []arrivals.Wanted {
	topics := make(map[string][]string)
	for _, k := range e.keys {
		for _, r := range e.queries[k].runs {
			for i := range r.Readers {
				set := r.brokers(i, e.opts.Brokers)
				if r.Readers[i].Kafka && set != "" && len(r.Readers[i].Topics) > 0 {
					topics[set] = append(topics[set], r.Readers[i].Topics...)
				}
			}
		}
	}
	var out []arrivals.Wanted
	for _, set := range sortedKeys(topics) {
		list := topics[set]
		slices.Sort(list)
		out = append(out, arrivals.Wanted{Brokers: strings.Split(set, ","), Topics: slices.Compact(list)})
	}
	return out
}
