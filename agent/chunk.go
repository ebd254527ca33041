package agent

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"rubato/env"
	"rubato/policy/train"
)

// ChunkLength is the number of consecutive steps of one query that are learnt
// from together.
const ChunkLength = 16

// transition is one step and what came of it.
type transition struct {
	features []float32
	mask     env.Mask
	action   env.Action
	// decisive is false where the actor has nothing to learn: all actions do
	// the same, or the shield decided.
	decisive bool
	logMu    float64 // log of the executed action's probability, 0 if forced
	shift    float64 // of the query's threshold
	reward   float64 // natural units
	tau      float64 // s
	horizon  float64 // s, see creditHorizon
}

// chunk is up to ChunkLength consecutive transitions of one query, and the
// features of the state after the last. A full chunk is never changed.
type chunk struct {
	steps []transition
	last  []float32
}

// errChunk: a stored chunk is not one.
var errChunk = errors.New("stored steps are damaged")

const transitionTail = 3 + 5*8

// append encodes the chunk: the number of steps, the steps, and the last
// features where there are any.
func (c *chunk) append(b []byte) []byte {
	b = append(b, byte(len(c.steps)))
	for i := range c.steps {
		b = c.steps[i].append(b)
	}
	return appendSingles(b, c.last)
}

func (t *transition) append(b []byte) []byte {
	b = appendSingles(b, t.features)
	var mask byte
	for a, ok := range t.mask {
		if ok {
			mask |= 1 << a
		}
	}
	var decisive byte
	if t.decisive {
		decisive = 1
	}
	b = append(b, mask, byte(t.action), decisive)
	for _, x := range []float64{t.logMu, t.shift, t.reward, t.tau, t.horizon} {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	}
	return b
}

// readChunk decodes a whole chunk and returns what follows it.
func readChunk(b []byte, inputs int) (*chunk, []byte, error) {
	steps, b, err := readSteps(b, inputs)
	if err != nil {
		return nil, nil, err
	}
	if len(b) < 4*inputs {
		return nil, nil, errChunk
	}
	return &chunk{steps: steps, last: singles(b[:4*inputs])}, b[4*inputs:], nil
}

// readSteps decodes the part of a chunk before its last features.
func readSteps(b []byte, inputs int) ([]transition, []byte, error) {
	if len(b) == 0 || int(b[0]) > ChunkLength {
		return nil, nil, errChunk
	}
	n := int(b[0])
	b = b[1:]
	var steps []transition
	for range n {
		t, rest, err := readTransition(b, inputs)
		if err != nil {
			return nil, nil, err
		}
		steps, b = append(steps, t), rest
	}
	return steps, b, nil
}

func readTransition(b []byte, inputs int) (transition, []byte, error) {
	if len(b) < 4*inputs+transitionTail {
		return transition{}, nil, errChunk
	}
	t := transition{features: singles(b[:4*inputs])}
	b = b[4*inputs:]
	for a := range t.mask {
		t.mask[a] = b[0]>>a&1 == 1
	}
	if t.action, t.decisive = env.Action(b[1]), b[2] == 1; t.action >= env.NumActions {
		return transition{}, nil, fmt.Errorf("action %d: %w", b[1], errChunk)
	}
	for i, x := range []*float64{&t.logMu, &t.shift, &t.reward, &t.tau, &t.horizon} {
		*x = math.Float64frombits(binary.LittleEndian.Uint64(b[3+8*i:]))
	}
	return t, b[transitionTail:], nil
}

func encodeChunks(chunks []*chunk) []byte {
	var b []byte
	for _, c := range chunks {
		b = c.append(b)
	}
	return b
}

func decodeChunks(b []byte, inputs int) ([]*chunk, error) {
	var chunks []*chunk
	for len(b) > 0 {
		c, rest, err := readChunk(b, inputs)
		if err != nil {
			return nil, err
		}
		chunks, b = append(chunks, c), rest
	}
	return chunks, nil
}

func appendSingles(b []byte, xs []float32) []byte {
	for _, x := range xs {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func singles(b []byte) []float32 {
	xs := make([]float32, len(b)/4)
	for i := range xs {
		xs[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return xs
}

// inert tells that there is nothing to decide: mask is policy.Sensible's.
func inert(mask env.Mask) bool {
	allowed := 0
	for _, ok := range mask {
		if ok {
			allowed++
		}
	}
	return allowed < 2
}

// setFeatures puts a transition's features and mask into row i of a batch.
func setFeatures(b *train.Batch, i, inputs int, t *transition) {
	train.Widen(b.Features[i*inputs:(i+1)*inputs], t.features)
	b.Mask[i] = t.mask
}
