package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"rubato/checkpoints"
	"rubato/env"
	"rubato/replay"
)

// ErrOtherStore says that a store is not one that Relearn made of the journal.
var ErrOtherStore = errors.New("not a store that was learnt from this journal")

// Relearn feeds a recorded journal to a tuner with a store of its own, and
// returns the hash of the state that it ends in. It checkpoints every so many
// inputs and, started again on the same store, goes on from the last
// checkpoint: however often it is killed, it ends in the same hash. progress, if
// not nil, is told at each how many records of all are done.
func Relearn(ctx context.Context, journalPath, storePath string, every int, progress func(done, total int)) (hash string, err error) {
	journal, err := replay.Open(journalPath, replay.Options{ReadOnly: true})
	if err != nil {
		return "", err
	}
	defer func() { _ = journal.Close() }()
	store, err := checkpoints.Open(storePath, checkpoints.Options{Keep: 3})
	if err != nil {
		return "", err
	}
	defer func() { _ = store.Close() }()
	r := &relearner{journal: journal, store: store}
	ckpt, err := r.last()
	if err != nil {
		return "", fmt.Errorf("%s: %w", storePath, err)
	}
	r.core = NewCore(Hooks{Late: func(group string, step uint64, _ bool) bool { return r.turn.late[lateKey{group, step}] }})
	defer r.core.Close()
	if len(ckpt.State) > 0 {
		if err := r.core.Restore(ckpt.State); err != nil {
			return "", fmt.Errorf("checkpoint %d: %w", ckpt.Seq, err)
		}
	}
	n := 0
	err = eachTurn(journal, ckpt.JournalSeq+1, func(t *turn) error {
		if ctx.Err() != nil {
			return errStop
		}
		r.turn = t
		_ = r.core.Take(&t.input) // a skipped input was skipped the first time too
		if n++; n%every != 0 {
			return nil
		}
		if progress != nil {
			progress(int(t.last), int(journal.Last()))
		}
		_, err := r.save(t.last, t.input.At)
		return err
	})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return "", err
	}
	return r.save(journal.Last(), r.core.s.At)
}

// relearner is a Relearn in progress.
type relearner struct {
	journal *replay.Journal
	store   *checkpoints.Store
	core    *Core
	turn    *turn
}

// last is the checkpoint to go on from, the zero one in a new store. One that a
// tuner saved, or that came of another journal, is refused.
func (r *relearner) last() (checkpoints.Checkpoint, error) {
	ckpt, _, err := r.store.Load()
	if errors.Is(err, checkpoints.ErrNone) {
		return ckpt, nil
	}
	if err != nil {
		return ckpt, err
	}
	mark, err := r.mark(ckpt.JournalSeq)
	if err == nil && mark != ckpt.Meta.Learnt {
		err = ErrOtherStore
	}
	return ckpt, err
}

// mark names the journal by what stands at a sequence: no two hold the same there.
func (r *relearner) mark(seq uint64) (string, error) {
	var text []byte
	err := r.journal.Iterate(seq, func(rec replay.Record) error {
		switch {
		case rec.Seq != seq:
		case rec.Input != nil:
			text = replay.AppendInput(text, rec.Input)
		default:
			text = replay.AppendStep(text, rec.Step)
		}
		return errStop
	})
	if err != nil && !errors.Is(err, errStop) {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

func (r *relearner) save(seq uint64, at env.Time) (string, error) {
	state, err := r.core.State()
	if err != nil {
		return "", err
	}
	meta := r.core.meta()
	if meta.Learnt, err = r.mark(seq); err != nil {
		return "", err
	}
	c := &checkpoints.Checkpoint{JournalSeq: seq, At: at, Positions: r.core.Positions(), State: state, Meta: meta}
	return c.StateHash(), r.store.Save(c)
}
