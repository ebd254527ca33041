package spark

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"rubato/env"
	"rubato/env/arrivals"
)

const (
	// staleAfter is the silence after which metrics are too old to decide on, s.
	staleAfter = 3
	// goneLeases is the silence, in leases, after which a run is gone.
	goneLeases = 3
	// maxQueries and maxRuns bound what strangers can make this side hold.
	maxQueries = 10_000
	maxRuns    = 8
	maxKey     = 1024
	// endedRuns is how many runs a query remembers to have ended.
	endedRuns = 16
	// remember is how long what a run learnt of its load is kept for the
	// query's next run, s.
	remember = 24 * 3600
)

// Errors of Take: the input is skipped and nothing else happens.
var (
	ErrBackward = errors.New("sequence goes backward")
	ErrGone     = errors.New("run is gone")
	ErrFull     = errors.New("too many queries or runs")
	ErrInput    = errors.New("input")
)

// EnvironmentOptions set an Environment up.
type EnvironmentOptions struct {
	// Resolve tells what is asked of a query.
	Resolve Resolver
	// Forecaster makes the forecaster of a new run; nil for none.
	Forecaster func() env.Forecaster
	// Lease is how long a command holds; 0 means 10 s.
	Lease time.Duration
	// Brokers are asked about sources of which neither the resolver nor the
	// job names any.
	Brokers []string
}

// Counts are cumulative over the environment's life.
type Counts struct {
	// Lost are messages that never came, BadFields fields of Spark's progress
	// that were there and not believed.
	Lost, BadFields uint64
}

// Environment is the set of live queries. It implements env.Environment. It is
// not safe for concurrent use.
type Environment struct {
	s       header
	opts    EnvironmentOptions
	queries map[env.QueryKey]*query
	keys    []env.QueryKey    // sorted
	apps    map[string][]*run // by application
	head    int               // of Due
}

// header is the state of the environment that is not a query's.
type header struct {
	Now        env.Time
	Live       bool // it has caught up: it ticks and commands
	Epoch      uint64
	CommandSeq uint64
	SweptAt    env.Time
	StartedAt  env.Time
	Counts     Counts
	Drivers    []driver // sorted by App
	Due        []due
}

// due is a tick to come.
type due struct {
	Query env.QueryKey
	Run   env.RunID
	Cause uint64
}

// query is a key and its runs.
type query struct {
	key    env.QueryKey
	runs   []*run
	ended  []env.RunID
	former *env.Tracker
	leftAt env.Time
	err    string

	rivalry rivalry
}

var _ env.Environment = (*Environment)(nil)

// New returns an environment without queries. It is not live until it takes
// env.InputCaughtUp.
func New(o EnvironmentOptions) *Environment {
	if o.Lease <= 0 {
		o.Lease = 10 * time.Second
	}
	return &Environment{opts: o, queries: make(map[env.QueryKey]*query), apps: make(map[string][]*run)}
}

// Known tells whether a query of that key is known.
func (e *Environment) Known(q env.QueryKey) bool { return e.queries[q] != nil }

// Settings are what is asked of a query's newest run; ok is false where it has
// none, or is not managed.
func (e *Environment) Settings(k env.QueryKey) (set env.Settings, ok bool) {
	q := e.queries[k]
	if q == nil {
		return set, false
	}
	r := q.newest()
	if r == nil {
		return set, false
	}
	return r.tracker.Settings()
}

// Configure gives every query its settings anew, and those to come.
func (e *Environment) Configure(resolve Resolver) {
	e.opts.Resolve = resolve
	for _, k := range e.keys {
		for _, r := range e.queries[k].runs {
			e.resolve(k, r)
		}
	}
}

// Pace sets how long a command holds, and the brokers that are asked about
// sources of which neither the resolver nor the job names any.
func (e *Environment) Pace(lease time.Duration, brokers []string) {
	if lease > 0 {
		e.opts.Lease = lease
	}
	e.opts.Brokers = slices.Clone(brokers)
}

func (e *Environment) resolve(k env.QueryKey, r *run) {
	if e.opts.Resolve != nil {
		r.resolve(k, e.opts.Resolve)
	}
}

// Take takes in one input. Its error says why an input was skipped.
// Configuration, holds, releases and the stop are the caller's to turn into
// Configure, no Act, Release and ReleaseAll: those kinds pass by.
func (e *Environment) Take(in env.Input) error {
	e.s.Now = max(e.s.Now, in.At)
	switch in.Kind {
	case env.InputStart:
		return e.start(in.Value)
	case env.InputCaughtUp:
		e.live()
	case env.InputMessage:
		return e.message(in)
	case env.InputOffsets:
		return e.sample(in.Value)
	case env.InputPeriod:
		e.period()
	}
	return nil
}

// start begins a process: what happened since the last one was not seen.
func (e *Environment) start(value []byte) error {
	e.s.Live, e.s.StartedAt = false, e.s.Now
	e.s.Due, e.head = e.s.Due[:0], 0
	for _, k := range e.keys {
		for _, r := range e.queries[k].runs {
			r.tracker.Gap()
		}
	}
	var v env.StartValue
	if err := json.Unmarshal(value, &v); err != nil {
		return fmt.Errorf("%w: start %q: %w", ErrInput, value, err)
	}
	e.s.Epoch = v.Epoch
	return nil
}

// message takes in one message of the metrics topic.
func (e *Environment) message(in env.Input) error {
	m, err := Decode(in.Value)
	if err == nil && (in.Key == "" || len(in.Key) > maxKey || !utf8.ValidString(in.Key)) {
		err = fmt.Errorf("%w: a key of %d bytes that names no query", ErrMessage, len(in.Key))
	}
	if err != nil {
		return err
	}
	q, r, err := e.find(env.QueryKey(in.Key), m)
	if err != nil {
		return err
	}
	if m.Seq <= r.Seq {
		return fmt.Errorf("%w: %s of run %s: %d after %d", ErrBackward, q.key, r.ID, m.Seq, r.Seq)
	}
	var p *Progress
	if m.Type == Progressed {
		if p, err = DecodeProgress(m.Progress); err != nil {
			q.err = err.Error()
			return fmt.Errorf("%w of %s: %w", ErrMessage, q.key, err)
		}
		e.s.Counts.BadFields += uint64(p.Bad)
	}
	e.accept(q, r, m, p)
	return nil
}

// accept takes in a message that is in order.
func (e *Environment) accept(q *query, r *run, m *Message, p *Progress) {
	if gap := m.Seq - r.Seq - 1; gap > 0 {
		e.s.Counts.Lost += gap
		r.tracker.Gap()
	}
	sent := m.MonoNs
	if m.SentMonoNs != nil {
		sent = *m.SentMonoNs
	}
	if r.Clock.Observe(e.s.Now, sent) {
		r.tracker.Gap()
	}
	was := r.tracker.InBatch()
	r.follow(e.s.Now, m)
	end := m.Type == Trigger && m.Edge == EdgeEnd
	if end {
		r.ended(e.s.Now, m)
	}
	e.drive(r, was)
	r.note(e.s.Now, m)
	e.acknowledge(q, r)
	switch m.Type {
	case Started:
		e.started(q, r, m)
	case Progressed:
		r.progress(e.s.Now, p)
	case Heartbeat:
		r.Stats = m.Stats
	case Terminated:
		if m.Exception != nil {
			q.err = *m.Exception
		}
		e.drop(q, r)
		q.ended = append(q.ended, r.ID)
		if len(q.ended) > endedRuns {
			q.ended = slices.Delete(q.ended, 0, 1)
		}
	}
	if end && e.s.Live {
		if q.steered() == r {
			e.s.Due = append(e.s.Due, due{Query: q.key, Run: r.ID, Cause: m.Seq})
		}
		e.wakeNext(r)
	}
}

// note keeps what every message tells.
func (r *run) note(now env.Time, m *Message) {
	r.LastAt, r.Doubted = now, false
	r.Seq, r.WallMs = m.Seq, m.WallMs
	c := &r.Counters
	c.Triggers, c.Drops = max(c.Triggers, m.Counters.Triggers), max(c.Drops, m.Counters.Drops)
	if m.settled() {
		c.EmptyTriggers, c.Batches = max(c.EmptyTriggers, m.Counters.EmptyTriggers), max(c.Batches, m.Counters.Batches)
	}
	if !r.underway(now, m) {
		r.tracker.Applied(ms(m.IntervalMs))
	}
	r.IntervalMs, r.Managed, r.Conflict, r.Applied = m.IntervalMs, m.Managed, m.Conflict, m.Applied
}

func (e *Environment) started(q *query, r *run, m *Message) {
	stays := r.Info != nil && r.Info.AppID == m.AppID
	if !stays {
		e.leave(r)
	}
	r.started(m)
	if !stays {
		e.enter(r)
	}
	if !r.HasSettings {
		e.resolve(q.key, r)
	}
}

// sample takes in the end offsets of one broker set.
func (e *Environment) sample(value []byte) error {
	s, err := arrivals.Decode(value)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	for _, k := range e.keys {
		for _, r := range e.queries[k].runs {
			r.sight(e.s.Now, s, e.opts.Brokers)
		}
	}
	return nil
}

// period is one decision period gone by: every query that waits is due, but one
// that has just been woken.
func (e *Environment) period() {
	if e.s.Now.Sub(e.s.SweptAt) >= 1 {
		e.sweep()
	}
	if !e.s.Live {
		return
	}
	for _, k := range e.keys {
		if r := e.queries[k].steered(); r != nil && !r.tracker.InBatch() && !r.justWoken(e.s.Now) {
			e.s.Due = append(e.s.Due, due{Query: k, Run: r.ID})
		}
	}
}

// Next returns the next tick that is due; false when there is none until the
// next Take.
func (e *Environment) Next() (env.Tick, bool) {
	for e.head < len(e.s.Due) {
		d := e.s.Due[e.head]
		e.head++
		r := e.steered(d.Query)
		if r == nil || r.ID != d.Run {
			continue
		}
		r.tracker.SetNeighbours(e.neighbours(r))
		t := r.tracker.Tick(e.s.Now, d.Cause)
		t.Stale = e.s.Now.Sub(r.LastAt) > staleAfter
		r.Cause, r.Observed = d.Cause, t.Observation
		return t, true
	}
	e.s.Due, e.head = e.s.Due[:0], 0
	return env.Tick{}, false
}

// steered returns the run of the query that may be steered, or nil.
func (e *Environment) steered(k env.QueryKey) *run {
	if q := e.queries[k]; q != nil {
		return q.steered()
	}
	return nil
}
