package sim

import (
	"math"
	"time"

	"rubato/env"
)

// spec is what of a query does not change in a run. Copies share it.
type spec struct {
	cfg                     *Config
	overhead, target, grace float64 // s
	reference               float64
	graced                  float64 // the most events that are no debt
	period                  env.Time
	clumps                  []clump
}

// command is an interval on its way.
type command struct {
	at       env.Time
	interval time.Duration
}

// query is one query on its way.
type query struct {
	*spec
	tracker *env.Tracker

	// The queue: clumps from head on are not all committed, those from next on
	// have not arrived; gone is how much of the clump at head is committed.
	head, next         int
	gone               float64
	arrived, committed float64 // totals

	grid     env.Time // next decision period
	due      env.Time // when something happens next
	ticks    bool     // whether that is a tick
	woken    bool     // a trigger of another ended, and this one is next
	released env.Time // start of the last trigger that the floor did not hold
	trigger  Trigger  // in course, or the last
	inBatch  bool
	interval time.Duration // in effect
	sent     time.Duration // last commanded
	commands []command

	now     env.Time // of what happened last
	score   Score
	latency Latency
	debtTo  env.Time // the backlog is in the score up to here
}

// plan finds when something happens to the query next: the end of a trigger, a
// decision period gone by (a tick outside of triggers), a trigger's start (not
// before resumes), or a command's arrival.
func (q *query) plan(resumes env.Time) {
	if q.woken && !q.inBatch {
		q.due, q.ticks = q.now, true
		return
	}
	at, ticks := q.grid, !q.inBatch
	if q.inBatch {
		if q.trigger.End <= at {
			at, ticks = q.trigger.End, true
		}
	} else if d := q.deadline(resumes); d <= at {
		at, ticks = d, false
	}
	if len(q.commands) > 0 && q.commands[0].at <= at {
		at, ticks = q.commands[0].at, false
	}
	q.due, q.ticks = at, ticks
}

// deadline is when the next trigger starts, as the interval is now.
func (q *query) deadline(resumes env.Time) env.Time {
	return max(q.trigger.Start+env.Time(q.interval), q.trigger.End, q.now, resumes)
}

// happen lets happen what is due to query i now, and tells whether it is a
// tick.
func (s *Sim) happen(i int, at env.Time) bool {
	q := &s.queries[i]
	q.advance(at)
	ticks := q.ticks
	if q.woken {
		q.woken = false
		q.plan(s.resumes)
		return true
	}
	switch {
	case len(q.commands) > 0 && q.commands[0].at <= at:
		q.apply(s.silent)
		q.plan(s.resumes)
		return false
	case q.inBatch && at == q.trigger.End:
		s.finishTrigger(q)
	case !q.inBatch && at == q.deadline(s.resumes):
		s.startTrigger(q)
		q.plan(s.resumes)
		return false
	}
	if at == q.grid {
		q.grid += q.period
		if !q.cfg.Blind {
			q.tracker.Arrived(at, q.arrived, true)
		}
	}
	q.plan(s.resumes)
	return ticks
}

// apply puts the first command into effect.
func (q *query) apply(silent bool) {
	q.interval = q.commands[0].interval
	if !silent {
		q.tracker.Applied(q.interval)
	}
	q.commands = append(q.commands[:0], q.commands[1:]...)
}

// step moves the rung.
func (q *query) step(rung int) {
	before := q.tracker.Rung()
	q.tracker.SetRung(rung)
	q.score.Switch += math.Abs(float64(q.tracker.Rung() - before))
}

// send commands an interval where it is not the one commanded last.
func (q *query) send(s *Sim, interval time.Duration) {
	if interval == q.sent {
		return
	}
	q.sent = interval
	q.commands = append(q.commands, command{s.now + env.Time(q.cfg.RoundTrip), interval})
	q.plan(s.resumes)
}

// advance lets all arrive that does by t.
func (q *query) advance(t env.Time) {
	for q.next < len(q.clumps) && q.clumps[q.next].at <= t {
		c := &q.clumps[q.next]
		q.debt(c.at)
		q.arrived += c.events
		q.next++
		if q.cfg.OnArrival != nil {
			q.cfg.OnArrival(c.at, c.events)
		}
	}
	q.now = t
}

func (q *query) outstanding() float64 { return q.arrived - q.committed }

// maxTriggerDelay is Spark's default.
const maxTriggerDelay = env.Time(15 * time.Minute)

// holds tells whether a trigger at t leaves n events where they are, as Spark's
// Kafka source decides: it does where they are fewer than the floor, unless the
// last trigger that was free to take what there is, be it nothing, is the delay
// ago. A simulated run is on its way when it begins, just after such a trigger.
func (q *query) holds(n float64, t env.Time) bool {
	if n < q.cfg.Floor && t-q.released < maxTriggerDelay {
		return true
	}
	q.released = t
	return false
}

// startTrigger begins a trigger of q now.
func (s *Sim) startTrigger(q *query) {
	n := q.outstanding()
	held := q.holds(n, s.now)
	lasts := emptyTime
	q.trigger = Trigger{Start: s.now, Outcome: env.Batch, Rows: n}
	switch {
	case n == 0:
		q.trigger.Outcome = env.Empty
	case held:
		q.trigger.Outcome, q.trigger.Rows = env.HeldBack, 0
	default:
		if q.cfg.Cap > 0 {
			q.trigger.Rows = min(n, q.cfg.Cap)
		}
		s.share(s.running + 1)
		lasts = q.lasts(s.now, q.trigger.Rows) / s.speed(s.running)
	}
	q.trigger.End = s.now.Add(lasts)
	q.inBatch = true
	if !s.silent {
		q.tracker.TriggerStart(s.now, q.interval)
		s.shared.Begin(q.tracker, s.now)
	}
}

// finishTrigger ends the trigger of q that is in course now.
func (s *Sim) finishTrigger(q *query) {
	q.inBatch = false
	x := &q.trigger
	if x.Outcome == env.Batch {
		q.take(s.now)
		s.share(s.running - 1)
	}
	x.Committed = q.committed
	q.triggered(x)
	if q.cfg.OnTrigger != nil {
		q.cfg.OnTrigger(*x)
	}
	if !s.silent {
		q.tracker.TriggerEnd(s.now, x.Outcome, s.now, x.Committed, x.Rows, false)
		s.shared.End(q.tracker, s.now)
		s.wakeNext(q)
	}
}

// wakeNext lets the query tick that has waited longest, of all but q.
func (s *Sim) wakeNext(q *query) {
	var next *query
	most := 0.0
	for i := range s.queries {
		o := &s.queries[i]
		if o == q {
			continue
		}
		if p := o.tracker.Pressure(s.now); p > most {
			next, most = o, p
		}
	}
	if next != nil {
		next.advance(s.now)
		next.woken = true
		next.plan(s.resumes)
	}
}

// take commits the oldest events of the queue, as many as the trigger's rows.
func (q *query) take(now env.Time) {
	q.debt(now)
	left := q.trigger.Rows
	q.committed += left
	for left > 0 {
		c := &q.clumps[q.head]
		n := min(c.events-q.gone, left)
		q.served(now.Sub(c.at), n)
		left -= n
		if q.gone += n; q.gone < c.events {
			break
		}
		q.head++
		q.gone = 0
	}
}

func (q *query) copyFrom(from *query) {
	tracker, commands := q.tracker, q.commands
	if q.spec != from.spec {
		tracker = from.cfg.tracker()
	}
	*q = *from
	tracker.CopyFrom(from.tracker)
	q.tracker = tracker
	q.commands = append(commands[:0], from.commands...)
}
