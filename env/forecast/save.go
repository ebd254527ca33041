package forecast

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// saved is an Ensemble in a checkpoint: the hash of its weights, and its state
// as little-endian bytes, which keeps every bit in half the space of decimals.
type saved struct {
	Weights string `json:"weights"`
	State   []byte `json:"state"`
}

// MarshalJSON writes the ensemble's state; reading it back continues bit for
// bit.
func (e *Ensemble) MarshalJSON() ([]byte, error) {
	b, err := binary.Append(make([]byte, 0, stateSize), binary.LittleEndian, &e.s)
	if err != nil {
		return nil, fmt.Errorf("saving a forecaster: %w", err)
	}
	return json.Marshal(saved{Weights: e.hash, State: b})
}

// UnmarshalJSON reads what MarshalJSON wrote. What the LSTM remembers means
// nothing to other weights: under those it begins anew, and the rest goes on.
func (e *Ensemble) UnmarshalJSON(b []byte) error {
	var w saved
	if err := json.Unmarshal(b, &w); err != nil {
		return fmt.Errorf("reading a forecaster: %w", err)
	}
	if len(w.State) != stateSize {
		return fmt.Errorf("reading a forecaster: its state has %d bytes, want %d", len(w.State), stateSize)
	}
	var s state
	if err := binary.Read(bytes.NewReader(w.State), binary.LittleEndian, &s); err != nil {
		return fmt.Errorf("reading a forecaster: %w", err)
	}
	if s.Seasonal.Period < 0 || s.Seasonal.Period > maxPeriod {
		return fmt.Errorf("reading a forecaster: a period of %d s", s.Seasonal.Period)
	}
	e.s = s
	if w.Weights != e.hash {
		e.s.Cell, e.s.Head = Cell{}, medians(&e.w.Head)
	}
	return nil
}

// stateSize is the length of a saved state, bytes.
var stateSize = binary.Size(state{})
