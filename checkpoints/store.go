package checkpoints

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	bolt "go.etcd.io/bbolt"

	"rubato/checkpoints/boltfile"
)

// ErrNone says that the store holds no checkpoint that can be used.
var ErrNone = errors.New("no usable checkpoint")

var (
	// Each checkpoint has a bucket of its own, bucketPrefix and its sequence: of
	// values that share a page all are written again with each of them.
	bucketPrefix = []byte("ckpt/")
	bucketMeta   = []byte("meta")
	keyLatest    = []byte("latest")
	keyValue     = []byte("value")
)

// Options of Open.
type Options struct {
	// Keep is how many checkpoints to keep; 0 means 5.
	Keep int
	// ReadOnly opens an existing store; Save then fails.
	ReadOnly bool
}

// Store is a file of checkpoints. Its methods may be called concurrently.
type Store struct {
	file *boltfile.File
	keep int
}

// Damage names a checkpoint that cannot be used. It wraps
// boltfile.ErrDamaged.
type Damage struct {
	// Seq is 0 where the damage is not one checkpoint's.
	Seq    uint64
	Reason error
}

// Error names the checkpoint and what is wrong with it.
func (d Damage) Error() string {
	if d.Seq == 0 || errors.Is(d.Reason, ErrNewer) || errors.Is(d.Reason, ErrOlder) {
		return d.Reason.Error() // it is whole, and of another version
	}
	return fmt.Sprintf("checkpoint %d is damaged: %v", d.Seq, d.Reason)
}

// Unwrap makes the damage one of boltfile.ErrDamaged and of its reason.
func (d Damage) Unwrap() []error { return []error{boltfile.ErrDamaged, d.Reason} }

// Open opens the store at path; for writing, it is created where missing. A
// *boltfile.HeldError says which process has it open, an error that wraps
// boltfile.ErrDamaged what is wrong with the file, one that wraps
// boltfile.ErrForeign that it is no store of checkpoints.
func Open(path string, o Options) (*Store, error) {
	if o.Keep == 0 {
		o.Keep = 5
	}
	file, err := boltfile.Open(path, boltfile.Options{
		ReadOnly: o.ReadOnly, AllocSize: 1 << 20, MmapSize: 64 << 20, CheckLeaves: true, Owns: owns,
	})
	if err != nil {
		return nil, fmt.Errorf("open checkpoints: %w", err)
	}
	s := &Store{file: file, keep: o.Keep}
	if o.ReadOnly {
		err = s.view(func(*bolt.Tx, *bolt.Bucket) error { return nil })
	} else {
		err = file.Update(func(tx *bolt.Tx) error {
			_, err := tx.CreateBucketIfNotExists(bucketMeta)
			return err
		})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open checkpoints: %w", err), file.Close())
	}
	return s, nil
}

// owns tells the buckets of a store of checkpoints.
func owns(bucket []byte) bool {
	return bytes.Equal(bucket, bucketMeta) || bytes.HasPrefix(bucket, bucketPrefix)
}

func (s *Store) view(fn func(tx *bolt.Tx, meta *bolt.Bucket) error) error {
	return s.file.View(func(tx *bolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		if meta == nil {
			return fmt.Errorf("%w: it is no store of checkpoints", boltfile.ErrDamaged)
		}
		return fn(tx, meta)
	})
}

// bucket is the name of a checkpoint's bucket.
func bucket(seq uint64) []byte { return append(bytes.Clone(bucketPrefix), key(seq)...) }

// stored is a checkpoint's value, nil where there is none.
func stored(tx *bolt.Tx, seq uint64) []byte {
	if b := tx.Bucket(bucket(seq)); b != nil {
		return b.Get(keyValue)
	}
	return nil
}

// held are the sequences in the store, ascending.
func held(tx *bolt.Tx) (seqs []uint64, err error) {
	err = tx.ForEach(func(name []byte, _ *bolt.Bucket) error {
		if k, ok := bytes.CutPrefix(name, bucketPrefix); ok {
			seqs = append(seqs, number(k))
		}
		return nil
	})
	return seqs, err
}

func key(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// number reads a sequence; anything else than eight bytes is 0.
func number(k []byte) uint64 {
	if len(k) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(k)
}

// Save stores c under the next sequence, which it sets, and prunes the oldest:
// all or nothing.
func (s *Store) Save(c *Checkpoint) error {
	return s.put(c, 0)
}

// put saves c under seq, or under the next sequence where seq is 0.
func (s *Store) put(c *Checkpoint, seq uint64) error {
	saved := *c
	err := s.file.Update(func(tx *bolt.Tx) error {
		seqs, err := held(tx)
		if err != nil {
			return err
		}
		meta := tx.Bucket(bucketMeta)
		if saved.Seq = seq; seq == 0 {
			saved.Seq = max(number(meta.Get(keyLatest)), last(seqs)) + 1
		}
		value, err := encode(&saved)
		if err != nil {
			return err
		}
		b, err := tx.CreateBucketIfNotExists(bucket(saved.Seq))
		if err != nil {
			return err
		}
		if err := b.Put(keyValue, value); err != nil {
			return err
		}
		if err := meta.Put(keyLatest, key(saved.Seq)); err != nil {
			return err
		}
		return s.prune(tx)
	})
	if err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	c.Seq = saved.Seq
	return nil
}

// prune deletes all but the newest checkpoints.
func (s *Store) prune(tx *bolt.Tx) error {
	seqs, err := held(tx)
	if err != nil {
		return err
	}
	for _, seq := range seqs[:max(0, len(seqs)-s.keep)] {
		if err := tx.DeleteBucket(bucket(seq)); err != nil {
			return err
		}
	}
	return nil
}

func last(seqs []uint64) uint64 {
	if len(seqs) == 0 {
		return 0
	}
	return seqs[len(seqs)-1]
}

// Load returns the newest checkpoint that is whole, and names those newer ones
// that are not. With none left the error wraps ErrNone.
func (s *Store) Load() (Checkpoint, []Damage, error) {
	var damages []Damage
	seqs, named, err := s.sequences()
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("load checkpoint: %w", err)
	}
	if n := len(seqs); named != 0 && (n == 0 || seqs[n-1] < named) {
		damages = append(damages, Damage{Seq: named, Reason: errors.New("it is named the latest and is missing")})
	}
	for i := len(seqs) - 1; i >= 0; i-- {
		c, err := s.Get(seqs[i])
		if err == nil {
			return c, damages, nil
		}
		var d Damage
		if !errors.As(err, &d) {
			return Checkpoint{}, damages, err
		}
		damages = append(damages, d)
	}
	return Checkpoint{}, damages, fmt.Errorf("load checkpoint: %w among %d in %s", ErrNone, len(seqs), s.file.Path())
}

// sequences are those in the store, ascending, and the one named the latest.
func (s *Store) sequences() (seqs []uint64, named uint64, err error) {
	err = s.view(func(tx *bolt.Tx, meta *bolt.Bucket) (err error) {
		named = number(meta.Get(keyLatest))
		seqs, err = held(tx)
		return err
	})
	return seqs, named, err
}

// Get returns one checkpoint. A Damage says what is wrong with it; one that
// another version saved is not damaged, its error wraps ErrNewer or ErrOlder; one
// that is not there gives ErrNone.
func (s *Store) Get(seq uint64) (Checkpoint, error) {
	var c Checkpoint
	var bad error
	err := s.view(func(tx *bolt.Tx, _ *bolt.Bucket) error {
		value := stored(tx, seq)
		if value == nil {
			return fmt.Errorf("%w: no checkpoint %d", ErrNone, seq)
		}
		var n int
		if c, n, bad = decode(value); bad != nil {
			return nil
		}
		if n != len(value) || c.Seq != seq {
			bad = fmt.Errorf("it is number %d and has %d bytes of %d", c.Seq, n, len(value))
		}
		return nil
	})
	switch {
	case errors.Is(err, boltfile.ErrDamaged):
		return Checkpoint{}, Damage{Seq: seq, Reason: err}
	case err != nil:
		return Checkpoint{}, err
	case errors.Is(bad, ErrNewer), errors.Is(bad, ErrOlder):
		return Checkpoint{}, fmt.Errorf("checkpoint %d: %w", seq, bad)
	case bad != nil:
		return Checkpoint{}, Damage{Seq: seq, Reason: bad}
	}
	return c, nil
}

// Info is a line of List.
type Info struct {
	Seq, JournalSeq uint64
	At              time.Time
	Meta            Meta
	StateHash       string
	// StateBytes is the size of the state.
	StateBytes int
	// Err is why the checkpoint cannot be used; nil when it can.
	Err error
}

// List describes every checkpoint, oldest first.
func (s *Store) List() ([]Info, error) {
	seqs, _, err := s.sequences()
	if err != nil {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	infos := make([]Info, 0, len(seqs))
	for _, seq := range seqs {
		c, err := s.Get(seq)
		if err != nil {
			infos = append(infos, Info{Seq: seq, Err: err})
			continue
		}
		infos = append(infos, Info{Seq: seq, JournalSeq: c.JournalSeq, At: time.Unix(0, int64(c.At)).UTC(),
			Meta: c.Meta, StateHash: c.StateHash(), StateBytes: len(c.State)})
	}
	return infos, nil
}

// Verify checks the file's structure and every checkpoint's checksum, and
// returns all that is wrong.
func (s *Store) Verify() []Damage {
	if err := s.file.Verify(); err != nil {
		return []Damage{{Reason: err}}
	}
	seqs, named, err := s.sequences()
	if err != nil {
		return []Damage{{Reason: err}}
	}
	var damages []Damage
	for _, seq := range seqs {
		if _, err := s.Get(seq); err != nil {
			var d Damage
			if !errors.As(err, &d) {
				d = Damage{Seq: seq, Reason: err}
			}
			damages = append(damages, d)
		}
	}
	if n := len(seqs); named != 0 && (n == 0 || seqs[n-1] != named) {
		damages = append(damages, Damage{Seq: named, Reason: errors.New("it is named the latest and is not")})
	}
	return damages
}

// Export writes one checkpoint to w as one JSON object, its state included.
func (s *Store) Export(seq uint64, w io.Writer) error {
	c, err := s.Get(seq)
	if err != nil {
		return fmt.Errorf("export checkpoint: %w", err)
	}
	e, err := c.export()
	if err == nil {
		err = json.NewEncoder(w).Encode(e)
	}
	if err != nil {
		return fmt.Errorf("export checkpoint %d: %w", seq, err)
	}
	return nil
}

// Close releases the file.
func (s *Store) Close() error { return s.file.Close() }
