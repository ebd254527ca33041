package app

import (
	"context"
	"errors"
	"fmt"

	"rubato/checkpoints"
	"rubato/replay"
)

// Verification is what Verify found.
type Verification struct {
	// From is the checkpoint that the replay began at.
	From uint64
	// Unverifiable counts steps logged before it.
	Unverifiable int
	// Inputs were replayed, Verified steps found the same byte for byte.
	Inputs, Verified int
	// Checkpoints met on the way whose state was found again.
	Checkpoints int
	// Difference is the first step that was not found again; nil when all were.
	Difference error
}

// ErrNothing says that there is no checkpoint to replay from.
var ErrNothing = errors.New("no checkpoint lies within the journal: nothing is verifiable")

// Verify replays the journal from the oldest kept checkpoint, updates
// included, and compares every step byte for byte, and every later checkpoint
// by its state. progress, if not nil, is told how many records of all are done.
func Verify(ctx context.Context, journalPath, storePath string, progress func(done, total int)) (Verification, error) {
	var v Verification
	store, err := checkpoints.Open(storePath, checkpoints.Options{ReadOnly: true})
	if err != nil {
		return v, err
	}
	defer func() { _ = store.Close() }()
	journal, err := replay.Open(journalPath, replay.Options{ReadOnly: true})
	if err != nil {
		return v, err
	}
	defer func() { _ = journal.Close() }()
	base, rest, err := within(store, journal)
	if err != nil {
		return v, err
	}
	v.From = base.Seq
	r := &verifier{ctx: ctx, v: &v, rest: rest, last: journal.Last(), progress: progress}
	r.core = NewCore(Hooks{Step: r.step, Late: func(group string, step uint64, _ bool) bool {
		return r.turn.late[lateKey{group, step}]
	}})
	defer r.core.Close()
	if err := r.core.Restore(base.State); err != nil {
		return v, fmt.Errorf("checkpoint %d: %w", base.Seq, err)
	}
	if v.Unverifiable, err = stepsBefore(journal, base.JournalSeq); err != nil {
		return v, err
	}
	err = eachTurn(journal, base.JournalSeq+1, r.take)
	if err == nil {
		err = ctx.Err()
	}
	return v, err
}

// within finds the oldest checkpoint from which the journal is whole, and
// those after it.
func within(store *checkpoints.Store, journal *replay.Journal) (base *checkpoints.Checkpoint, rest []checkpoints.Checkpoint, err error) {
	first, err := journal.First()
	if err != nil {
		return nil, nil, err
	}
	list, err := store.List()
	if err != nil {
		return nil, nil, err
	}
	nothing := ErrNothing
	for _, info := range list { // oldest first
		if info.Err != nil {
			nothing = fmt.Errorf("%w: %w", ErrNothing, info.Err)
			continue
		}
		if first == 0 || info.JournalSeq+1 < first || info.JournalSeq > journal.Last() {
			continue
		}
		c, err := store.Get(info.Seq)
		if err != nil {
			return nil, nil, err
		}
		if base == nil {
			base = &c
			continue
		}
		rest = append(rest, c)
	}
	if base == nil {
		return nil, nil, nothing
	}
	return base, rest, nil
}

// stepsBefore counts the steps logged up to a sequence.
func stepsBefore(j *replay.Journal, seq uint64) (n int, err error) {
	err = j.Iterate(1, func(r replay.Record) error {
		if r.Seq > seq {
			return errStop
		}
		if r.Step != nil {
			n++
		}
		return nil
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return n, err
}

type verifier struct {
	ctx      context.Context
	v        *Verification
	core     *Core
	rest     []checkpoints.Checkpoint
	last     uint64
	progress func(done, total int)

	turn *turn
	next int
}

// take replays one turn.
func (r *verifier) take(t *turn) error {
	if r.ctx.Err() != nil {
		return errStop
	}
	r.turn, r.next = t, 0
	_ = r.core.Take(&t.input) // a skipped input was skipped the first time too
	r.v.Inputs++
	if r.v.Difference == nil && r.next < len(t.steps) {
		r.v.Difference = fmt.Errorf("step %d (record %d and after) was logged but not decided again",
			t.steps[r.next].Index, t.seq)
	}
	if err := r.compareState(t); err != nil {
		return err
	}
	if r.v.Difference != nil {
		return errStop
	}
	if r.progress != nil && r.v.Inputs%256 == 0 {
		r.progress(int(t.last), int(r.last))
	}
	return nil
}

func (r *verifier) step(s *replay.Step) {
	if r.v.Difference != nil || r.turn == nil {
		return
	}
	switch {
	case r.next >= len(r.turn.steps):
		if r.turn.last < r.last { // a crash may have kept the last turn's from the disk
			r.v.Difference = fmt.Errorf("step %d after record %d was decided again but not logged", s.Index, r.turn.seq)
		}
	case !sameStep(s, &r.turn.steps[r.next]):
		logged := &r.turn.steps[r.next]
		r.v.Difference = fmt.Errorf("step %d of %s: logged %s by %s at rung %d, found %s by %s at rung %d",
			logged.Index, logged.Query, logged.Action, logged.Policy, logged.Rung, s.Action, s.Policy, s.Rung)
	default:
		r.v.Verified++
	}
	r.next++
}

// compareState compares the state with a checkpoint that stands here.
func (r *verifier) compareState(t *turn) error {
	if len(r.rest) == 0 || r.rest[0].JournalSeq > t.last {
		return nil
	}
	c := r.rest[0]
	r.rest = r.rest[1:]
	if c.JournalSeq != t.last || r.v.Difference != nil {
		return nil
	}
	state, err := r.core.State()
	if err != nil {
		return err
	}
	found := checkpoints.Checkpoint{State: state, Positions: r.core.Positions()}
	if found.StateHash() != c.StateHash() {
		r.v.Difference = fmt.Errorf("checkpoint %d (record %d): the state was not found again", c.Seq, t.last)
		return nil
	}
	r.v.Checkpoints++
	return nil
}
