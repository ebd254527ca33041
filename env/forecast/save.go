package forecast

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// What can be wrong with a saved forecaster.
var (
	// ErrForeignState: the bytes are another forecaster's, or none's.
	ErrForeignState = errors.New("not the state of this forecaster")
	// ErrStateVersion: another version of the program saved them.
	ErrStateVersion = errors.New("saved by another version")
	// ErrCutState: they end too early.
	ErrCutState = errors.New("the state ends too early")
	// ErrDamagedState: they are no state.
	ErrDamagedState = errors.New("the state is damaged")
)

// A saved forecaster is its kind and version, and for an Ensemble the hash of
// its weights, each as a length of one byte and so many; then its numbers,
// little-endian, in the order of the fields.
const (
	kindEnsemble = "ensemble/2"
	kindHolt     = "holt/2"
)

// AppendBinary implements encoding.BinaryAppender.
func (e *Ensemble) AppendBinary(b []byte) ([]byte, error) {
	b = slices.Grow(b, 2+len(kindEnsemble)+len(e.hash)+stateSize)
	c := coder{b: appendText(appendText(b, kindEnsemble), e.hash)}
	c.state(&e.s)
	return c.b, nil
}

// UnmarshalBinary reads what AppendBinary wrote, and continues bit for bit. What
// the LSTM remembers means nothing to other weights: under those it begins anew,
// and the rest goes on.
func (e *Ensemble) UnmarshalBinary(b []byte) error {
	b, err := readKind(b, kindEnsemble)
	if err != nil {
		return err
	}
	hash, b, ok := readText(b)
	if !ok {
		return fmt.Errorf("reading %s: no hash: %w", kindEnsemble, ErrCutState)
	}
	if err := wantSize(kindEnsemble, b, stateSize); err != nil {
		return err
	}
	c, s := coder{b: b, reading: true}, state{}
	c.state(&s)
	if err := s.check(); err != nil {
		return fmt.Errorf("reading %s: %w: %w", kindEnsemble, ErrDamagedState, err)
	}
	e.s = s
	if hash != e.hash {
		e.s.Cell, e.s.Head = Cell{}, medians(&e.w.Head)
	}
	return nil
}

// check tells what would make the state panic.
func (s *state) check() error {
	if s.Seasonal.Period < 0 || s.Seasonal.Period > maxPeriod {
		return fmt.Errorf("a period of %d s", s.Seasonal.Period)
	}
	return nil
}

// AppendBinary implements encoding.BinaryAppender.
func (h *Holt) AppendBinary(b []byte) ([]byte, error) {
	c := coder{b: appendText(b, kindHolt)}
	c.holt(h)
	return c.b, nil
}

// UnmarshalBinary reads what AppendBinary wrote, and continues bit for bit.
func (h *Holt) UnmarshalBinary(b []byte) error {
	b, err := readKind(b, kindHolt)
	if err != nil {
		return err
	}
	if err := wantSize(kindHolt, b, holtSize); err != nil {
		return err
	}
	c := coder{b: b, reading: true}
	c.holt(h)
	return nil
}

// wantSize tells whether as many bytes are left as there are to read.
func wantSize(kind string, b []byte, size int) error {
	switch {
	case len(b) < size:
		return fmt.Errorf("reading %s: %d bytes of %d: %w", kind, len(b), size, ErrCutState)
	case len(b) > size:
		return fmt.Errorf("reading %s: %d bytes, want %d: %w", kind, len(b), size, ErrDamagedState)
	}
	return nil
}

func appendText(b []byte, s string) []byte { return append(append(b, byte(len(s))), s...) }

func readText(b []byte) (s string, rest []byte, ok bool) {
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return "", b, false
	}
	n := 1 + int(b[0])
	return string(b[1:n]), b[n:], true
}

// readKind takes the kind off a saved forecaster.
func readKind(b []byte, want string) ([]byte, error) {
	kind, rest, ok := readText(b)
	switch {
	case len(b) == 0 || !ok && len(b) <= len(want):
		return nil, fmt.Errorf("reading %s of %d bytes: %w", want, len(b), ErrCutState)
	case !ok:
		return nil, fmt.Errorf("reading %s: %w", want, ErrForeignState)
	case kind == want:
		return rest, nil
	case strings.HasPrefix(kind, want[:strings.IndexByte(want, '/')+1]):
		return nil, fmt.Errorf("reading %s: it is %q: %w", want, kind, ErrStateVersion)
	}
	return nil, fmt.Errorf("reading %s: it is %q: %w", want, kind, ErrForeignState)
}
