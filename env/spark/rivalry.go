package spark

import (
	"fmt"
	"math"

	"rubato/env"
)

// rivalry is what a query shows of another tuner that commands it. The one that
// started later has the higher epoch, which agents obey: the query is left to it
// until none of its commands has been in force for a lease.
type rivalry struct {
	// Epoch is that of the other's newest command, 0 for none. LeftTo is set while
	// the query is left to it, and QuietSince since when none of its commands has
	// been in force, 0 while one is.
	Epoch      uint64   `json:",omitempty"`
	LeftTo     bool     `json:",omitempty"`
	QuietSince env.Time `json:",omitempty"`
	// Own is what this tuner commands the query by since it was given back, 0 for
	// its own epoch.
	Own uint64 `json:",omitempty"`
}

// epoch is the one by which the query is commanded: the tuner's, or one later than
// another tuner's.
func (e *Environment) epoch(y *rivalry) uint64 { return max(e.s.Epoch, y.Own) }

// acknowledge keeps the numbers of commands ahead of what the agent has seen of
// this epoch: a checkpoint may be older than that. A later epoch is another
// tuner's.
func (e *Environment) acknowledge(q *query, r *run) {
	y, own := &q.rivalry, e.epoch(&q.rivalry)
	a := r.Applied
	switch {
	case a == nil:
	case a.Epoch == own && a.Seq < math.MaxInt64:
		e.s.CommandSeq = max(e.s.CommandSeq, a.Seq)
	case a.Epoch > own && a.Epoch < math.MaxInt64:
		q.err = fmt.Sprintf("the agent obeys epoch %d, later than this tuner's %d", a.Epoch, own)
		y.Epoch = a.Epoch
		if a.LeaseLeftMs > 0 {
			y.LeftTo, y.QuietSince = true, 0
			return
		}
	}
	y.quiet(e, own)
}

// quiet takes in that no command of the other is in force.
func (y *rivalry) quiet(e *Environment, own uint64) {
	switch {
	case !y.LeftTo:
	case y.Epoch > own && y.QuietSince == 0:
		y.QuietSince = e.s.Now
	case y.Epoch <= own, // this tuner has started anew, and is the later one
		e.s.Now.Sub(y.QuietSince) >= e.opts.Lease.Seconds():
		y.LeftTo, y.QuietSince = false, 0
	}
}

// above makes the query's epoch later than any that was obeyed.
func (e *Environment) above(y *rivalry) uint64 {
	if y.Epoch >= e.epoch(y) {
		y.Own = y.Epoch + 1
	}
	return e.epoch(y)
}
