package checkpoints

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"rubato/env"
)

// Checkpoint is the state of a tuner between two inputs.
type Checkpoint struct {
	// Seq counts checkpoints from 1; Save sets it.
	Seq uint64
	// JournalSeq is the last journal record that the state includes.
	JournalSeq uint64
	// At is when the state was taken, on the tuner's clock.
	At env.Time
	// Positions are the next offsets to read of the metrics topic, by
	// partition.
	Positions map[int32]int64
	// Meta is for people and tools.
	Meta Meta
	// State is a sequence of Parts, canonical: the same state is the same bytes.
	State []byte
}

// Meta describes a checkpoint.
type Meta struct {
	// Steps is the number of steps taken so far.
	Steps uint64 `json:"steps"`
	// Policies are the ids of the policies, by group.
	Policies map[string]string `json:"policies,omitempty"`
	// Learnt marks what was learnt from a journal afterwards: the SHA-256 of the
	// record that it stands at. A tuner's own checkpoints have none.
	Learnt string `json:"learnt,omitempty"`
}

// header is the JSON part of a stored checkpoint.
type header struct {
	Seq        uint64          `json:"seq"`
	JournalSeq uint64          `json:"journalSeq"`
	At         env.Time        `json:"at"`
	Positions  map[int32]int64 `json:"positions,omitempty"`
	Meta       Meta            `json:"meta"`
}

func (c *Checkpoint) header() header {
	return header{Seq: c.Seq, JournalSeq: c.JournalSeq, At: c.At, Positions: c.Positions, Meta: c.Meta}
}

// StateHash is the hex SHA-256 of positions and state. Two runs over the same
// inputs have the same, whenever and however often they saved.
func (c *Checkpoint) StateHash() string {
	h := sha256.New()
	positions := c.Positions
	if len(positions) == 0 {
		positions = nil
	}
	sorted, err := json.Marshal(positions) // keys come sorted
	if err != nil {
		panic(err) // a map of integers always encodes
	}
	_, _ = h.Write(sorted)
	_, _ = h.Write([]byte{0})
	_, _ = h.Write(c.State)
	return hex.EncodeToString(h.Sum(nil))
}

const (
	schema     = 7 // older ones are refused by name
	sumAt      = 20
	prefixSize = sumAt + sha256.Size
)

var (
	magic = []byte("rubatock")
	le    = binary.LittleEndian

	// ErrNewer says that a newer version of the program saved the checkpoint.
	ErrNewer = errors.New("saved by a newer version")
	// ErrOlder says that an older version saved it, in a form that is read no
	// more.
	ErrOlder = errors.New("saved by an older version, whose form is read no more")
)

// encode returns the stored form of c.
func encode(c *Checkpoint) ([]byte, error) {
	head, err := json.Marshal(c.header())
	if err != nil {
		return nil, fmt.Errorf("encode header: %w", err)
	}
	body := 4 + len(head) + len(c.State)
	b := make([]byte, prefixSize, prefixSize+body)
	copy(b, magic)
	le.PutUint32(b[8:], schema)
	le.PutUint64(b[12:], uint64(body))
	b = le.AppendUint32(b, uint32(len(head)))
	b = append(append(b, head...), c.State...)
	sum := checksum(b)
	copy(b[sumAt:], sum[:])
	return b, nil
}

// checksum is of everything but the sum itself.
func checksum(b []byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	_, _ = h.Write(b[:sumAt])
	_, _ = h.Write(b[prefixSize:])
	h.Sum(sum[:0])
	return sum
}

// decode reads a stored checkpoint from the front of b and returns its length.
// The state is a copy.
func decode(b []byte) (c Checkpoint, n int, err error) {
	if len(b) < prefixSize+4 || !bytes.HasPrefix(b, magic) {
		return c, 0, fmt.Errorf("%d bytes that are no checkpoint", len(b))
	}
	body := le.Uint64(b[12:])
	if body < 4 || body > uint64(len(b)-prefixSize) {
		return c, 0, fmt.Errorf("a body of %d bytes in a value of %d", body, len(b))
	}
	n = prefixSize + int(body)
	b = b[:n]
	if sum := checksum(b); !bytes.Equal(sum[:], b[sumAt:prefixSize]) {
		return c, 0, errors.New("its SHA-256 does not hold")
	}
	switch v := le.Uint32(b[8:]); {
	case v > schema:
		return c, 0, fmt.Errorf("%w: schema %d, known is %d; the rubato of that version reads it", ErrNewer, v, schema)
	case v < schema:
		return c, 0, fmt.Errorf("%w (schema %d, known is %d): move both stores aside to begin anew. What it learnt can be frozen "+
			"with that version before, and named as an artefact in the configuration, where the policies' features are still the same",
			ErrOlder, v, schema)
	}
	rest := b[prefixSize+4:]
	size := le.Uint32(b[prefixSize:])
	if uint64(size) > uint64(len(rest)) {
		return c, 0, fmt.Errorf("a header of %d bytes in a body of %d", size, body)
	}
	var h header
	if err := json.Unmarshal(rest[:size], &h); err != nil {
		return c, 0, fmt.Errorf("decode header: %w", err)
	}
	c = Checkpoint{Seq: h.Seq, JournalSeq: h.JournalSeq, At: h.At, Positions: h.Positions, Meta: h.Meta}
	c.State = bytes.Clone(rest[size:])
	return c, n, nil
}

// export is the shape of Store.Export.
type export struct {
	header
	Time      string         `json:"time"`
	StateHash string         `json:"stateHash"`
	State     map[string]any `json:"state"`
}

// export shows the state part by part: JSON as it is, bytes in base64.
func (c *Checkpoint) export() (*export, error) {
	parts, err := Parts(c.State)
	if err != nil {
		return nil, err
	}
	state := map[string]any{}
	for _, p := range parts {
		if state[p.Name] = p.Data; p.JSON {
			state[p.Name] = json.RawMessage(p.Data)
		}
	}
	return &export{header: c.header(), Time: time.Unix(0, int64(c.At)).UTC().Format(time.RFC3339Nano),
		StateHash: c.StateHash(), State: state}, nil
}
