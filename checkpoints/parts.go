package checkpoints

import (
	"errors"
	"fmt"
)

// Part is a named piece of a state.
type Part struct {
	Name string
	// JSON tells that Data is one JSON value; else it is bytes.
	JSON bool
	Data []byte
}

// errParts: the state is no sequence of parts.
var errParts = errors.New("the state is no sequence of parts")

// AppendPart appends a part to a state; fill appends the part's data to what it
// is given. A name has 1 to 255 bytes.
func AppendPart(state []byte, name string, json bool, fill func([]byte) ([]byte, error)) ([]byte, error) {
	var kind byte
	if json {
		kind = 1
	}
	state = append(append(state, byte(len(name))), name...)
	state = append(state, kind, 0, 0, 0, 0)
	at := len(state)
	state, err := fill(state)
	if err != nil {
		return nil, fmt.Errorf("saving the %s: %w", name, err)
	}
	le.PutUint32(state[at-4:], uint32(len(state)-at))
	return state, nil
}

// Parts are the parts of a state, in order. Their data is the state's own.
func Parts(state []byte) (parts []Part, err error) {
	for len(state) > 0 {
		n := 1 + int(state[0])
		if len(state) < n+5 || n == 1 || state[n] > 1 {
			return nil, errParts
		}
		p := Part{Name: string(state[1:n]), JSON: state[n] == 1}
		size := uint64(le.Uint32(state[n+1:]))
		state = state[n+5:]
		if size > uint64(len(state)) {
			return nil, fmt.Errorf("part %q has %d bytes of %d: %w", p.Name, len(state), size, errParts)
		}
		p.Data, state = state[:size:size], state[size:]
		parts = append(parts, p)
	}
	return parts, nil
}
