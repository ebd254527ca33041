package spark

import (
	"time"

	"rubato/env"
)

// maxMadeUp bounds the triggers made up for one gap; what is more is only
// counted.
const maxMadeUp = 4096

// Resolved is what the user asks of one query, and how it is handled.
type Resolved struct {
	Settings env.Settings
	// Command is false where the query is only observed: Act then changes
	// nothing, and what it was commanded before is released.
	Command bool
	// Brokers, if any, are asked for end offsets instead of those that the
	// job named.
	Brokers []string
	// MaxOffsets and MinOffsets, if above 0, stand in for the sources' own
	// maxOffsetsPerTrigger and minOffsetsPerTrigger.
	MaxOffsets, MinOffsets float64
}

// Resolver tells what is asked of a query whose configured interval is given;
// false leaves the query alone.
type Resolver func(q env.QueryKey, configured time.Duration) (Resolved, bool)

// Info is what a started message tells.
type Info struct {
	AppID        string          `json:"appId"`
	AppName      string          `json:"appName"`
	QueryID      string          `json:"queryId"`
	Name         string          `json:"name"`
	SparkVersion string          `json:"sparkVersion"`
	AgentVersion string          `json:"agentVersion"`
	TriggerType  string          `json:"triggerType"`
	Manageable   bool            `json:"manageable"`
	HooksActive  bool            `json:"hooksActive"`
	Hooks        map[string]bool `json:"hooks,omitempty"`
}

// run is one run of a query.
type run struct {
	key     env.QueryKey
	rivalry *rivalry // the query's
	runState
	tracker *env.Tracker
}

// runState is all of a run but its tracker.
type runState struct {
	ID env.RunID
	// LastAt is when its last message was received. Doubted is set when another
	// run of the key came up since.
	LastAt  env.Time
	Doubted bool
	// Inherited is set where a former run's load was taken over. Past is set until
	// the end of catching up where the run was first met while catching up.
	Inherited, Past bool
	Clock           Clock
	WallMs          int64

	// As of the last message.
	Seq                      uint64
	Counters                 Counters
	Start                    *int64 // of the trigger, on the driver's clock
	StartAt                  env.Time
	IntervalMs, ConfiguredMs int64
	Managed, Conflict        bool
	Applied                  *Applied
	Info                     *Info
	Stats                    *Stats

	Readers   []Reader
	Ledger    Ledger
	SampledAt env.Time
	Sampled   bool
	// Pending is the progress of the batch in course.
	Pending *Progress
	// OutstandingBefore is what was outstanding when the trigger in course began.
	OutstandingBefore float64 `json:"HeldBack"`

	// HasSettings is set once settings were resolved.
	HasSettings bool     `json:"Asked"`
	Resolved    Resolved `json:"Ask"`
	Lease       lease
	// WokenAt is when it was last woken for being next (see Environment.wakeNext).
	WokenAt env.Time `json:"AskedAt"`
	// Cause is that of the last tick, Observed its observation.
	Cause    uint64
	Observed env.Observation
}

// configured is the job's own interval.
func (r *run) configured() time.Duration { return ms(r.ConfiguredMs) }

// resolve asks for the run's settings and applies them.
func (r *run) resolve(q env.QueryKey, resolve Resolver) {
	was := r.Resolved.Command
	r.Resolved, r.HasSettings = resolve(q, r.configured())
	r.HasSettings = r.HasSettings && r.Resolved.Settings.Ladder.Len() > 0
	if !r.HasSettings {
		r.Resolved = Resolved{}
		return
	}
	r.tracker.Configure(r.Resolved.Settings, r.configured())
	if was && !r.Resolved.Command {
		r.tracker.SetRung(r.Resolved.Settings.Ladder.Nearest(r.configured()))
		r.Lease.Wanted = false
	}
	r.applyCaps()
}

func (r *run) applyCaps() {
	limit, floor := r.caps()
	r.tracker.SetCaps(limit, floor)
}

// caps are maxOffsetsPerTrigger and minOffsetsPerTrigger, 0 for none.
func (r *run) caps() (limit, floor float64) {
	limit, floor = caps(r.Readers)
	if r.Resolved.MaxOffsets > 0 {
		limit = r.Resolved.MaxOffsets
	}
	if r.Resolved.MinOffsets > 0 {
		floor = r.Resolved.MinOffsets
	}
	return limit, floor
}

// time maps a moment of the driver to the tuner's clock; it is never later
// than now.
func (r *run) time(now env.Time, mono int64) env.Time { return min(r.Clock.Time(mono), now) }

// started takes in what the message tells of the query.
func (r *run) started(m *Message) {
	r.Info = &Info{
		AppID: m.AppID, AppName: m.AppName, QueryID: m.QueryID, Name: m.Name,
		SparkVersion: m.SparkVersion, AgentVersion: m.AgentVersion, TriggerType: m.TriggerType,
		Manageable: m.Manageable, HooksActive: m.HooksActive, Hooks: m.Hooks,
	}
	for i, s := range m.Sources {
		fresh := newReader(s)
		if i == len(r.Readers) {
			r.Readers = append(r.Readers, fresh)
			continue
		}
		old := r.Readers[i]
		if len(fresh.Topics) == 0 { // a pattern: progress has told its topics
			fresh.Topics, fresh.Kafka = old.Topics, fresh.Kafka || old.Kafka
		}
		r.Readers[i] = fresh
	}
	r.applyCaps()
}

// progress keeps what Spark tells of the batch in course until the batch is
// known to have ended. Where that was told already it is booked at once.
func (r *run) progress(now env.Time, p *Progress) {
	for i := range p.Sources {
		if i == len(r.Readers) {
			r.Readers = append(r.Readers, Reader{})
		}
		r.Readers[i].learn(&p.Sources[i])
	}
	if r.tracker.InBatch() {
		r.Pending = p
	} else {
		r.take(now, p)
	}
}

// lost are ends of triggers that no message told of.
type lost struct{ empty, batch uint64 }

// next takes one of them.
func (l *lost) next(progress bool) env.Outcome {
	switch {
	case l.batch > 0 && (progress || l.empty == 0):
		l.batch--
		return env.Batch
	case l.empty > 0:
		l.empty--
		return env.Empty
	}
	return env.Unknown
}

// settled tells whether the counters of m are those of whole turns. Inside a
// turn they may count its own outcome already, before its end is told.
func (m *Message) settled() bool { return m.Type == Trigger || m.Phase == PhaseWaiting }

// missing compares the counters of m with what is known, leaving out the end
// that m itself tells.
func (r *run) missing(m *Message) lost {
	if !m.settled() {
		return lost{}
	}
	l := lost{empty: beyond(m.Counters.EmptyTriggers, r.Counters.EmptyTriggers), batch: beyond(m.Counters.Batches, r.Counters.Batches)}
	if m.Type == Trigger && m.Edge == EdgeEnd {
		switch {
		case m.Outcome == OutcomeEmpty && l.empty > 0:
			l.empty--
		case m.Outcome == OutcomeBatch && l.batch > 0:
			l.batch--
		}
	}
	return l
}

func beyond(a, b uint64) uint64 {
	if a > b {
		return a - b
	}
	return 0
}

// follow brings the tracker to where m says the query is, making up what no
// message told. It does not take in m's own end of a trigger.
func (r *run) follow(now env.Time, m *Message) {
	t := r.time(now, m.MonoNs)
	l := r.missing(m)
	if l.empty+l.batch > 0 {
		r.tracker.Gap()
	}
	open := m.Phase == PhaseBatch || m.Type == Trigger && m.Edge == EdgeEnd
	fresh := m.TriggerStartMonoNs != nil && (r.Start == nil || *r.Start != *m.TriggerStartMonoNs)
	if r.tracker.InBatch() && (fresh || !open) {
		r.finish(t, t, l.next(r.Pending != nil))
	}
	last := env.Unknown
	if fresh && !open {
		last = l.next(r.Pending != nil)
	}
	for n := 0; l.empty+l.batch > 0 && n < maxMadeUp; n++ {
		r.finish(t, t, l.next(false))
	}
	if !fresh {
		return
	}
	r.Start, r.StartAt = m.TriggerStartMonoNs, r.time(now, *m.TriggerStartMonoNs)
	r.OutstandingBefore = r.Ledger.outstanding()
	interval := ms(m.IntervalMs)
	if r.underway(now, m) {
		interval = 0 // what the tracker was told with the command holds
	}
	r.tracker.TriggerStart(r.StartAt, interval)
	if !open {
		r.finish(t, t, last)
	}
}

// ended takes in the end of a trigger that m tells.
func (r *run) ended(now env.Time, m *Message) {
	t := r.time(now, m.MonoNs)
	switch m.Outcome {
	case OutcomeEmpty:
		r.finish(t, t, env.Empty)
	case OutcomeBatch:
		end := t
		if m.BatchEndMonoNs != nil && r.Start != nil && *m.BatchEndMonoNs > *r.Start {
			end = min(r.time(now, *m.BatchEndMonoNs), t)
		}
		r.finish(t, end, env.Batch)
	default:
		r.finish(t, t, env.Unknown)
	}
}

// finish ends a trigger at t; a batch's data was committed at end.
func (r *run) finish(t, end env.Time, o env.Outcome) {
	p := r.Pending
	r.Pending = nil
	rows := 0.0
	switch {
	case o == env.Empty && r.OutstandingBefore > 0 && r.floor() > 0:
		o = env.HeldBack
	case o == env.Batch && p == nil:
		r.tracker.Gap() // what it took is not known
	case o == env.Batch:
		rows = r.take(t, p)
	}
	r.tracker.TriggerEnd(t, o, end, r.Ledger.Committed, rows, rows == 0)
}

func (r *run) floor() float64 {
	_, floor := r.caps()
	return floor
}

// take books a batch's offsets and returns its rows.
func (r *run) take(t env.Time, p *Progress) float64 {
	before, kafka := r.Ledger.Committed, false
	for i := range p.Sources {
		s := &p.Sources[i]
		switch {
		case s.Kafka:
			kafka = true
			r.Ledger.Raise(i, s.Latest)
			r.Ledger.Commit(i, s.End)
		case len(p.Sources) > 1:
			r.Ledger.Add(s.Rows)
		}
	}
	if len(p.Sources) == 0 || len(p.Sources) == 1 && !kafka {
		r.Ledger.Add(p.Rows)
	}
	if kafka && !r.sighted(t) && (r.Sampled || r.Ledger.outstanding() > 0) {
		r.tracker.Arrived(r.StartAt, r.Ledger.Arrived, false)
	}
	if p.Rows < 0 {
		return max(r.Ledger.Committed-before, 0)
	}
	return float64(p.Rows)
}

// sighted tells whether the broker answered lately.
func (r *run) sighted(t env.Time) bool { return r.Sampled && t.Sub(r.SampledAt) <= env.SightFor }

// ms is a duration in milliseconds.
func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
