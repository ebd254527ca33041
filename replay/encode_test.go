package replay

import (
	"bytes"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"rubato/env"
	"rubato/policy"
)

// floatsOf counts the float64 in a type of floats, arrays and structs.
func floatsOf(t *testing.T, typ reflect.Type) int {
	switch typ.Kind() {
	case reflect.Float64:
		return 1
	case reflect.Array:
		return typ.Len() * floatsOf(t, typ.Elem())
	case reflect.Struct:
		n := 0
		for i := range typ.NumField() {
			n += floatsOf(t, typ.Field(i).Type)
		}
		return n
	}
	t.Fatalf("%v holds something else than float64: encode it", typ)
	return 0
}

func TestEveryFieldOfObservationAndComponentsIsEncodedOnce(t *testing.T) {
	var o env.Observation
	var c env.Components
	for _, tt := range []struct {
		fields []*float64
		typ    reflect.Type
	}{
		{observationFieldSlice(&o), reflect.TypeOf(o)},
		{componentFieldSlice(&c), reflect.TypeOf(c)},
	} {
		if n := floatsOf(t, tt.typ); n != len(tt.fields) {
			t.Errorf("%v has %d floats, %d are encoded", tt.typ, n, len(tt.fields))
		}
		seen := map[*float64]bool{}
		for _, f := range tt.fields {
			if f == nil || seen[f] {
				t.Errorf("%v: a field is encoded twice or missing", tt.typ)
			}
			seen[f] = true
		}
	}
}

func observationFieldSlice(o *env.Observation) []*float64 { f := observationFields(o); return f[:] }
func componentFieldSlice(c *env.Components) []*float64    { f := componentFields(c); return f[:] }

// drawStep fills every field with any bits.
func drawStep(t *rapid.T) Step {
	bits := func() float64 { return math.Float64frombits(rapid.Uint64().Draw(t, "bits")) }
	word := func() string { return rapid.String().Draw(t, "word") }
	s := Step{
		Index: rapid.Uint64().Draw(t, "index"), Query: env.QueryKey(word()), Run: env.RunID(word()),
		Group: word(), Mode: word(), At: env.Time(rapid.Int64().Draw(t, "at")),
		Cause: rapid.Uint64().Draw(t, "cause"), Elapsed: bits(),
		First: rapid.Bool().Draw(t, "first"), Teaches: rapid.Bool().Draw(t, "teaches"),
		Proposed: env.Action(rapid.Byte().Draw(t, "proposed")), Action: env.Action(rapid.Byte().Draw(t, "action")),
		Verdict: policy.Verdict(rapid.Uint16().Draw(t, "verdict")), Rung: rapid.Int().Draw(t, "rung"), Policy: word(),
	}
	for _, f := range observationFields(&s.Observation) {
		*f = bits()
	}
	for _, f := range append(componentFieldSlice(&s.Cost), componentFieldSlice(&s.Discounted)...) {
		*f = bits()
	}
	for i := range s.Probabilities {
		s.Probabilities[i], s.Mask[i] = bits(), rapid.Bool().Draw(t, "mask")
	}
	return s
}

func TestStepRoundTripsBitForBit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawStep(t)
		b := AppendStep(nil, &s)
		r, err := DecodeRecord(b)
		if err != nil || r.Step == nil || r.Input != nil {
			t.Fatalf("%+v: %v", r, err)
		}
		if again := AppendStep(nil, r.Step); !bytes.Equal(again, b) {
			t.Fatal("encoded again it has other bytes")
		}
		if r.Step.Query != s.Query || r.Step.Rung != s.Rung || r.Step.Mask != s.Mask || r.Step.Verdict != s.Verdict ||
			math.Float64bits(r.Step.Observation.Target) != math.Float64bits(s.Observation.Target) {
			t.Fatalf("%+v became %+v", s, *r.Step)
		}
	})
}

func TestInputRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := env.Input{
			At: env.Time(rapid.Int64().Draw(t, "at")), Kind: env.InputKind(rapid.Byte().Draw(t, "kind")),
			Key: rapid.String().Draw(t, "key"), Value: rapid.SliceOfN(rapid.Byte(), 1, 50).Draw(t, "value"),
			Partition: rapid.Int32().Draw(t, "partition"), Offset: rapid.Int64().Draw(t, "offset"),
		}
		r, err := DecodeRecord(AppendInput(nil, &in))
		if err != nil || !reflect.DeepEqual(*r.Input, in) {
			t.Fatalf("%+v became %+v: %v", in, r.Input, err)
		}
	})
}

func TestEveryTruncationOfARecordIsAnError(t *testing.T) {
	for _, n := range []uint64{2, 3} {
		r := sample(n)
		var b []byte
		if r.Step != nil {
			b = AppendStep(nil, r.Step)
		} else {
			b = AppendInput(nil, r.Input)
		}
		for i := range b {
			if _, err := DecodeRecord(b[:i]); err == nil {
				t.Fatalf("the first %d of %d bytes decoded", i, len(b))
			}
		}
		if _, err := DecodeRecord(append(b, 0)); err == nil {
			t.Fatal("a byte too many decoded")
		}
	}
}

func FuzzDecodeRecord(f *testing.F) {
	f.Add(AppendInput(nil, sample(1).Input))
	f.Add(AppendStep(nil, sample(3).Step))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := DecodeRecord(b)
		if err != nil {
			return
		}
		var again []byte
		if r.Step != nil {
			again = AppendStep(nil, r.Step)
		} else {
			again = AppendInput(nil, r.Input)
		}
		if !bytes.Equal(again, b) {
			t.Fatalf("%x decoded, and encoded to %x", b, again)
		}
	})
}

func FuzzDecodeBlock(f *testing.F) {
	var b buffer
	for n := uint64(1); n < 4; n++ {
		at := b.begin(n)
		b.data = AppendInput(b.data, &env.Input{Key: "k"})
		b.end(at, n)
	}
	f.Add(b.data, uint64(1), uint64(0))
	f.Fuzz(func(t *testing.T, data []byte, first, from uint64) {
		var again buffer
		_, fnErr, err := decodeBlock(first, data, 0, func(r Record) error {
			at := again.begin(r.Seq)
			if r.Step != nil {
				again.data = AppendStep(again.data, r.Step)
			} else {
				again.data = AppendInput(again.data, r.Input)
			}
			again.end(at, r.Seq)
			return nil
		})
		if fnErr != nil {
			t.Fatal(fnErr)
		}
		if err == nil && len(data) < blockBytes && !bytes.Equal(again.data, data) {
			t.Fatal("a block decoded, and encoded to other bytes")
		}
		_, _, _ = decodeBlock(first, data, from, func(Record) error { return nil })
	})
}
