package replay

import (
	"errors"
	"fmt"
	"math"

	"rubato/env"
	"rubato/policy"
)

var errShort = errors.New("ends before its last field")

// Record is one entry of the journal: an input or a step, the other is nil.
type Record struct {
	Seq   uint64
	Input *env.Input
	Step  *Step
}

// DecodeRecord decodes a payload as AppendInput and AppendStep made it.
// Nothing of the result refers to payload.
func DecodeRecord(payload []byte) (Record, error) {
	d := decoder{b: payload}
	var rec Record
	switch kind := d.byte(); {
	case d.err != nil:
		return Record{}, errors.New("record is empty")
	case kind == kindInput:
		rec.Input = d.input()
	case kind == kindStep:
		rec.Step = d.step()
	default:
		return Record{}, fmt.Errorf("record of unknown kind %d", kind)
	}
	if d.err == nil && len(d.b) > 0 {
		d.err = fmt.Errorf("%d bytes after its last field", len(d.b))
	}
	if d.err != nil {
		return Record{}, fmt.Errorf("record of %d bytes: %w", len(payload), d.err)
	}
	return rec, nil
}

// decoder takes fields off the front of b; after an error all are zero.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) take(n uint64) []byte {
	if d.err == nil && n > uint64(len(d.b)) {
		d.err = errShort
	}
	if d.err != nil {
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uint16() uint16 {
	if b := d.take(2); b != nil {
		return le.Uint16(b)
	}
	return 0
}

func (d *decoder) uint32() uint32 {
	if b := d.take(4); b != nil {
		return le.Uint32(b)
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if b := d.take(8); b != nil {
		return le.Uint64(b)
	}
	return 0
}

func (d *decoder) float() float64 { return math.Float64frombits(d.uint64()) }

func (d *decoder) string() string { return string(d.take(uint64(d.uint32()))) }

func (d *decoder) bytes() []byte {
	if b := d.take(uint64(d.uint32())); len(b) > 0 {
		return append([]byte(nil), b...)
	}
	return nil
}

func (d *decoder) bool() bool {
	v := d.byte()
	if v > 1 && d.err == nil {
		d.err = fmt.Errorf("a truth value of %d", v)
	}
	return v == 1
}

func (d *decoder) input() *env.Input {
	return &env.Input{
		At: env.Time(d.uint64()), Kind: env.InputKind(d.byte()),
		Key: d.string(), Value: d.bytes(),
		Partition: int32(d.uint32()), Offset: int64(d.uint64()),
	}
}

func (d *decoder) step() *Step {
	s := &Step{
		Index: d.uint64(), Query: env.QueryKey(d.string()), Run: env.RunID(d.string()),
		Group: d.string(), Mode: d.string(),
		At: env.Time(d.uint64()), Cause: d.uint64(), Arrived: d.float(), Elapsed: d.float(),
	}
	for _, c := range [2]*env.Components{&s.Cost, &s.Discounted} {
		for _, f := range componentFields(c) {
			*f = d.float()
		}
	}
	s.First, s.Teaches = d.bool(), d.bool()
	for _, f := range observationFields(&s.Observation) {
		*f = d.float()
	}
	for i := range s.Mask {
		s.Mask[i] = d.bool()
	}
	for i := range s.Probabilities {
		s.Probabilities[i] = d.float()
	}
	s.Proposed, s.Action = env.Action(d.byte()), env.Action(d.byte())
	s.Verdict = policy.Verdict(d.uint16())
	s.Rung = int(int64(d.uint64()))
	s.Policy = d.string()
	return s
}
