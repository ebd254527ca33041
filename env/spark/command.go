package spark

import (
	"time"

	"rubato/env"
)

// resend is the time that the agent is given to show a command before it is
// sent again, s.
const resend = 1

// lease is what a run was last commanded.
type lease struct {
	// Wanted is set while the query is to be commanded, by WantedMs;
	// Release asks for one release.
	Wanted, Release bool
	WantedMs        int64
	// Sent tells that a command is in force as far as this side knows: the
	// one with Seq, IntervalMs, and the time At.
	Sent       bool
	Seq        uint64
	IntervalMs int64
	At         env.Time
}

// Act sets the rung that the query is commanded to. A query that is only
// observed, or that may not tick, is left as it is.
func (e *Environment) Act(q env.QueryKey, rung int) {
	r := e.steered(q)
	if r == nil || !r.Resolved.Command {
		return
	}
	r.tracker.SetRung(rung)
	r.Lease.Wanted, r.Lease.WantedMs = true, r.tracker.Command(e.s.Now).Milliseconds()
}

// Release gives a query that is commanded its configured interval back at the
// next Outgoing. A later Act takes it up again.
func (e *Environment) Release(q env.QueryKey) {
	if qu := e.queries[q]; qu != nil {
		for _, r := range qu.runs {
			r.Lease.Wanted, r.Lease.Release = false, r.Lease.Sent
		}
	}
}

// ReleaseAll releases every query.
func (e *Environment) ReleaseAll() {
	for _, k := range e.keys {
		e.Release(k)
	}
}

// Outgoing returns the commands that are to be sent now, in the order of the
// keys: those that change an interval, those whose lease is half gone or that
// the agent does not show, and releases. stamp tells who decided. What is
// returned counts as sent.
func (e *Environment) Outgoing(stamp func(env.QueryKey) Stamp) []Command {
	if !e.s.Live {
		return nil
	}
	var out []Command
	for _, k := range e.keys {
		q := e.queries[k]
		steered := q.steered()
		for _, r := range q.runs {
			d, ok := e.command(r, r == steered)
			if !ok {
				continue
			}
			s := stamp(k)
			d.Policy, d.Mode = s.Policy, s.Mode
			out = append(out, Command{Query: k, Decision: d})
		}
	}
	return out
}

// command returns the run's next command, if one is due.
func (e *Environment) command(r *run, steered bool) (Decision, bool) {
	l := &r.Lease
	if r.yields() {
		*l = lease{}
		r.tracker.Gap() // what goes by is not its own doing
		r.tracker.Release()
		return Decision{}, false
	}
	wanted := steered && l.Wanted && r.Resolved.Command
	if l.Release || (l.Sent && !wanted) {
		*l = lease{Wanted: l.Wanted && steered, WantedMs: l.WantedMs}
		r.tracker.Applied(r.configured())
		r.tracker.Release()
		return e.decision(r, r.ConfiguredMs, ActionRelease, 0), true
	}
	if !wanted || e.s.Now.Sub(r.LastAt) > staleAfter {
		return Decision{}, false // what is stale is not renewed: its lease runs out
	}
	interval := l.WantedMs
	since := e.s.Now.Sub(l.At)
	changed := !l.Sent || l.IntervalMs != interval
	if !changed && since < e.opts.Lease.Seconds()/2 && (r.shows(e.epoch(r.rivalry), l.Seq) || since < resend) {
		return Decision{}, false
	}
	from := r.ConfiguredMs
	if l.Sent {
		from = l.IntervalMs
	}
	d := e.decision(r, interval, direction(from, interval), e.opts.Lease)
	if cause := r.Cause; changed && cause != 0 {
		d.CauseSeq = &cause
	}
	l.Sent, l.Seq, l.IntervalMs, l.At = true, d.Seq, interval, e.s.Now
	r.tracker.Applied(ms(interval)) // the agent says so with its next message only
	return d, true
}

// decision numbers a decision: later than any that the query has obeyed.
func (e *Environment) decision(r *run, intervalMs int64, action string, lease time.Duration) Decision {
	e.s.CommandSeq++
	return Decision{
		V: Version, Epoch: e.above(r.rivalry), Seq: e.s.CommandSeq, Run: r.ID,
		IntervalMs: intervalMs, Action: action, LeaseMs: lease.Milliseconds(),
	}
}

// shows tells whether the agent has the command in force. Messages from before
// the command could arrive do not show it either: hence resend.
func (r *run) shows(epoch, seq uint64) bool {
	a := r.Applied
	return a != nil && a.Epoch == epoch && a.Seq == seq && a.LeaseLeftMs > 0
}

// underway tells whether m may have been sent before the last command came:
// then the interval that it tells is not the one in effect.
func (r *run) underway(now env.Time, m *Message) bool {
	l := &r.Lease
	if !l.Sent || now.Sub(l.At) >= resend {
		return false
	}
	a := m.Applied
	return a == nil || a.Seq < l.Seq
}

func direction(from, to int64) string {
	switch {
	case to < from:
		return env.Shorten.String()
	case to > from:
		return env.Lengthen.String()
	}
	return env.Keep.String()
}
