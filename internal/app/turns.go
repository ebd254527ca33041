package app

import (
	"bytes"
	"errors"
	"fmt"

	"rubato/env"
	"rubato/replay"
)

// turn is one journalled input and what the tuner made of it.
type turn struct {
	// seq is the input's sequence, last that of the turn's last record.
	seq, last uint64
	input     env.Input
	// late holds the groups whose update was put off, by the index of the step
	// it was due before.
	late map[lateKey]bool
	// steps are the decisions as they were logged.
	steps []replay.Step
}

// lateKey names an update that was put off.
type lateKey struct {
	group string
	step  uint64
}

// errStop ends an iteration early.
var errStop = errors.New("stop")

// eachTurn groups the journal's records from sequence from on into turns.
// Records before the first input belong to a turn that is not kept: they are
// skipped.
func eachTurn(j *replay.Journal, from uint64, fn func(*turn) error) error {
	var cur *turn
	emit := func() error {
		if cur == nil {
			return nil
		}
		t := cur
		cur = nil
		return fn(t)
	}
	expect := from
	err := j.Iterate(from, func(r replay.Record) error {
		if r.Seq != expect {
			return fmt.Errorf("journal: records %d to %d are missing", expect, r.Seq-1)
		}
		expect = r.Seq + 1
		switch {
		case r.Input != nil && r.Input.Kind != env.InputLate:
			if err := emit(); err != nil {
				return err
			}
			cur = &turn{seq: r.Seq, last: r.Seq, input: *r.Input, late: map[lateKey]bool{}}
			return nil
		case cur == nil:
			return nil
		}
		cur.last = r.Seq
		if r.Input != nil {
			return cur.putOff(r.Input)
		}
		cur.steps = append(cur.steps, *r.Step)
		return nil
	})
	if err == nil {
		err = emit()
	}
	if errors.Is(err, errStop) {
		err = nil
	}
	return err
}

func (t *turn) putOff(in *env.Input) error {
	var step uint64
	if _, err := fmt.Sscanf(string(in.Value), "%d", &step); err != nil {
		return fmt.Errorf("journal: a late update of group %q names no step: %w", in.Key, err)
	}
	t.late[lateKey{in.Key, step}] = true
	return nil
}

// lateInput is the record of an update that was put off before a step.
func lateInput(at env.Time, group string, step uint64) env.Input {
	return env.Input{At: at, Kind: env.InputLate, Key: group, Value: fmt.Appendf(nil, "%d", step)}
}

// sameStep compares two steps by their bytes.
func sameStep(a, b *replay.Step) bool {
	return bytes.Equal(replay.AppendStep(nil, a), replay.AppendStep(nil, b))
}
