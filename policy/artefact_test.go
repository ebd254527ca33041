package policy

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"testing"

	"rubato/env"
)

func artefact(t testing.TB) *Artefact {
	t.Helper()
	return &Artefact{
		Network:     network(t, 5),
		ReturnScale: 3.25,
		Provenance:  map[string]string{"commit": "abc", "command": "rubato freeze"},
	}
}

func encoded(t testing.TB, a *Artefact) []byte {
	t.Helper()
	b, err := a.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// reseal puts the right checksum behind a changed body.
func reseal(b []byte) []byte {
	body := b[:len(b)-sha256.Size]
	sum := sha256.Sum256(body)
	return append(body, sum[:]...)
}

func TestAnArtefactComesBackAsItWas(t *testing.T) {
	a := artefact(t)
	b := encoded(t, a)
	got, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if got.Network.ID() != a.Network.ID() || got.ReturnScale != a.ReturnScale ||
		!maps.Equal(got.Provenance, a.Provenance) {
		t.Errorf("decoded %+v, want %+v", got, a)
	}
	if !bytes.Equal(encoded(t, got), b) {
		t.Error("encoding the decoded gives other bytes")
	}
}

func TestDamageIsNamed(t *testing.T) {
	header := len(artefactMagic) + 4
	for name, c := range map[string]struct {
		damage func(b []byte) []byte
		want   error
	}{
		"empty":              {func([]byte) []byte { return nil }, ErrTruncated},
		"another file":       {func([]byte) []byte { return []byte("PK\x03\x04 and so on") }, ErrFormat},
		"cut in the magic":   {func(b []byte) []byte { return b[:5] }, ErrTruncated},
		"cut in the header":  {func(b []byte) []byte { return b[:60] }, ErrTruncated},
		"cut in the weights": {func(b []byte) []byte { return b[:len(b)/2] }, ErrTruncated},
		"cut at the end":     {func(b []byte) []byte { return b[:len(b)-1] }, ErrTruncated},
		"something appended": {func(b []byte) []byte { return append(b, "tail"...) }, ErrTrailing},
		"a bit of a weight":  {func(b []byte) []byte { b[len(b)-100] ^= 4; return b }, ErrChecksum},
		"a bit of the hash":  {func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, ErrChecksum},
		"another version":    {func(b []byte) []byte { b[len(artefactMagic)] = 9; return b }, ErrVersion},
		"a huge header":      {func(b []byte) []byte { binary.LittleEndian.PutUint32(b[header:], math.MaxUint32); return b }, ErrHeader},
		"other features": {func(b []byte) []byte {
			b[bytes.Index(b, []byte(networkMagic))+20] ^= 1
			return reseal(b)
		}, ErrFeatures},
		"an impossible width": {func(b []byte) []byte {
			b[bytes.Index(b, []byte(networkMagic))+12] = 3
			return reseal(b)
		}, ErrLayout},
		"a weight that is no number": {func(b []byte) []byte {
			binary.LittleEndian.PutUint64(b[len(b)-sha256.Size-8:], math.Float64bits(math.NaN()))
			return reseal(b)
		}, ErrWeights},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(c.damage(encoded(t, artefact(t))))
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestAnImpossibleArtefactIsNotWritten(t *testing.T) {
	for name, spoil := range map[string]func(a *Artefact){
		"no network": func(a *Artefact) { a.Network = nil },
		"no scale":   func(a *Artefact) { a.ReturnScale = 0 },
		"no number":  func(a *Artefact) { a.ReturnScale = math.NaN() },
	} {
		t.Run(name, func(t *testing.T) {
			a := artefact(t)
			spoil(a)
			if _, err := a.Encode(); !errors.Is(err, ErrHeader) {
				t.Errorf("got %v, want %v", err, ErrHeader)
			}
		})
	}
}

func TestANetworkComesBackAsItWas(t *testing.T) {
	n := network(t, 5)
	b, err := n.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeNetwork(b)
	if err != nil || got.ID() != n.ID() {
		t.Fatalf("got %v, %v; want %s", got, err, n.ID())
	}
	if _, err := DecodeNetwork(b[:40]); !errors.Is(err, ErrTruncated) {
		t.Errorf("cut: %v", err)
	}
}

// FuzzDecode promises that no bytes make the decoder panic, and that what it
// accepts is written again as a file with the same meaning.
func FuzzDecode(f *testing.F) {
	l := Layout{Inputs: env.NumFeatures, Width: 4}
	small, err := NewNetwork(l, l.Initial(rand.New(rand.NewPCG(1, 1))))
	if err != nil {
		f.Fatal(err)
	}
	good := encoded(f, &Artefact{Network: small, ReturnScale: 1})
	f.Add(good)
	f.Add(good[:100])
	f.Add([]byte(artefactMagic))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, x := range [][]byte{b, sealed(b)} {
			a, err := Decode(x)
			if err != nil {
				continue
			}
			again, err := a.Encode()
			if err != nil {
				t.Fatalf("decoded but cannot be encoded: %v", err)
			}
			if back, err := Decode(again); err != nil || back.Network.ID() != a.Network.ID() {
				t.Fatalf("does not come back: %v", err)
			}
		}
	})
}

// sealed lets the fuzzer past the checksum.
func sealed(b []byte) []byte {
	if len(b) < sha256.Size {
		return b
	}
	return reseal(append([]byte(nil), b...))
}
