package checkpoints

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"rubato/checkpoints/boltfile"
	"rubato/env"
)

// schema is the version of a stored checkpoint, its first byte.
const schema = 1

// maxState bounds what a stored checkpoint may unpack to, bytes.
const maxState = 1 << 30

// ErrNewer says that a checkpoint was written by a later version.
var ErrNewer = errors.New("written by a later version")

// Checkpoint is the tuner's state after a journal record.
type Checkpoint struct {
	// Seq is given by Save.
	Seq uint64 `json:"-"`
	// JournalSeq is the last record of the journal that the state contains.
	JournalSeq uint64   `json:"journalSeq"`
	At         env.Time `json:"at"`
	// Positions are the offsets of the next messages to take, by partition.
	Positions map[int32]int64 `json:"positions"`
	// Meta tells people what the state holds; nothing reads it.
	Meta map[string]string `json:"meta"`
	// State is the canonical state: the same inputs give the same bytes.
	State []byte `json:"-"`
}

// StateHash is the SHA-256 over state and positions: equal for two runs over
// the same inputs, however they were interrupted.
func (c *Checkpoint) StateHash() string {
	h := sha256.New()
	positions, err := json.Marshal(c.Positions) // keys are sorted
	if err != nil {
		panic(err) // integers encode
	}
	_, _ = h.Write(positions)
	_, _ = h.Write([]byte{'\n'})
	_, _ = h.Write(c.State)
	return hex.EncodeToString(h.Sum(nil))
}

// encode packs a checkpoint: schema, SHA-256 of the rest, then the header as
// JSON, a zero byte, and the state, gzipped together.
func encode(c *Checkpoint) ([]byte, error) {
	header, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode the header: %w", err)
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	for _, part := range [][]byte{header, {0}, c.State} {
		if _, err := z.Write(part); err != nil {
			return nil, fmt.Errorf("pack: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	sum := sha256.Sum256(packed.Bytes())
	return append(append([]byte{schema}, sum[:]...), packed.Bytes()...), nil
}

// decode unpacks a checkpoint, and says what is wrong with it. Nothing of the
// result refers to value.
func decode(seq uint64, value []byte) (Checkpoint, error) {
	c, err := unpack(value)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint %d: %w", seq, err)
	}
	c.Seq = seq
	return c, nil
}

func unpack(value []byte) (c Checkpoint, err error) {
	if len(value) < 1+sha256.Size {
		return c, fmt.Errorf("%w: %d bytes are too few", boltfile.ErrDamaged, len(value))
	}
	if value[0] != schema {
		return c, fmt.Errorf("schema %d: %w", value[0], ErrNewer)
	}
	packed := value[1+sha256.Size:]
	if sum := sha256.Sum256(packed); !bytes.Equal(sum[:], value[1:1+sha256.Size]) {
		return c, fmt.Errorf("%w: its checksum does not fit", boltfile.ErrDamaged)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return c, fmt.Errorf("%w: %w", boltfile.ErrDamaged, err)
	}
	plain, err := io.ReadAll(io.LimitReader(z, maxState))
	if err != nil {
		return c, fmt.Errorf("%w: %w", boltfile.ErrDamaged, err)
	}
	header, state, ok := bytes.Cut(plain, []byte{0})
	if !ok {
		return c, fmt.Errorf("%w: it has no state", boltfile.ErrDamaged)
	}
	if err := json.Unmarshal(header, &c); err != nil {
		return c, fmt.Errorf("%w: its header: %w", boltfile.ErrDamaged, err)
	}
	c.State = state
	return c, nil
}
