package forecast

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// filled is an ensemble with drawn bits in every field, but for what the state
// holds twice.
func filled(t *testing.T, seed uint64) *Ensemble {
	t.Helper()
	rng, raw := rand.NewChaCha8([32]byte{byte(seed)}), make([]byte, binary.Size(state{}))
	_, _ = rng.Read(raw) // never fails
	e := New()
	if err := binary.Read(bytes.NewReader(raw), binary.LittleEndian, &e.s); err != nil {
		t.Fatal(err)
	}
	e.s.Seasonal.Period = int64(seed) % maxPeriod
	for i := range e.s.Conformal {
		c := &e.s.Conformal[i]
		c.N, c.Counts = seed*200, [classes]uint16{}
		for _, k := range c.Class[:min(c.N, window)] {
			c.Counts[k]++
		}
	}
	return e
}

func TestEveryBitOfTheStateIsSaved(t *testing.T) {
	for seed := range uint64(5) {
		e, again := filled(t, seed), New()
		b, err := e.AppendBinary([]byte("before"))
		if err == nil {
			err = again.UnmarshalBinary(b[len("before"):])
		}
		if err != nil {
			t.Fatal(err)
		}
		var x, y bytes.Buffer
		for w, s := range map[*bytes.Buffer]*state{&x: &e.s, &y: &again.s} {
			if err := binary.Write(w, binary.LittleEndian, s); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(x.Bytes(), y.Bytes()) {
			t.Fatalf("seed %d: read back, it differs", seed)
		}
		if c, err := again.AppendBinary(nil); err != nil || !bytes.Equal(c, b[len("before"):]) {
			t.Fatalf("seed %d: saved again, it differs: %v", seed, err)
		}
	}
}
