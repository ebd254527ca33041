package checkpoints

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	bolt "go.etcd.io/bbolt"

	"rubato/checkpoints/boltfile"
)

// ErrNone says that a store holds no checkpoint that is whole.
var ErrNone = errors.New("no whole checkpoint")

// ErrUnknown says that a store holds no checkpoint of that sequence.
var ErrUnknown = errors.New("no such checkpoint")

var bucketCheckpoints = []byte("checkpoints")

// Options of a store.
type Options struct {
	// Keep is how many checkpoints are kept; 0 means 5.
	Keep int
}

// Store is an open store. Its methods may be called from many goroutines.
type Store struct {
	file *boltfile.File
	keep int
}

// Recovery tells what OpenOrRecover had to do: Damage is nil where the file
// was whole, else the file was moved to Aside.
type Recovery struct {
	Damage error
	Aside  string
}

// Open opens a store for writing; it is created where missing. A
// *boltfile.HeldError says which process has it open.
func Open(path string, o Options) (*Store, error) {
	file, err := boltfile.Open(path, boltfile.Options{})
	if err != nil {
		return nil, fmt.Errorf("open checkpoints: %w", err)
	}
	if o.Keep <= 0 {
		o.Keep = 5
	}
	s := &Store{file: file, keep: o.Keep}
	err = file.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucketCheckpoints)
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open checkpoints: %w", err), file.Close())
	}
	return s, nil
}

// OpenOrRecover opens a store for writing. A damaged file is moved aside and a
// new one begun in its place.
func OpenOrRecover(path string, o Options) (*Store, Recovery, error) {
	s, err := Open(path, o)
	if err == nil || !errors.Is(err, boltfile.ErrDamaged) {
		return s, Recovery{}, err
	}
	r := Recovery{Damage: err}
	if r.Aside, err = boltfile.Aside(path); err != nil {
		return nil, r, err
	}
	s, err = Open(path, o)
	return s, r, err
}

// OpenReadOnly opens an existing store for reading, beside other readers.
func OpenReadOnly(path string) (*Store, error) {
	file, err := boltfile.Open(path, boltfile.Options{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("open checkpoints: %w", err)
	}
	return &Store{file: file}, nil
}

// Close releases the file.
func (s *Store) Close() error {
	if err := s.file.Close(); err != nil {
		return fmt.Errorf("close checkpoints: %w", err)
	}
	return nil
}

// Save writes c as the newest checkpoint, sets its Seq, and prunes, all in one
// transaction.
func (s *Store) Save(c *Checkpoint) error {
	err := s.file.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketCheckpoints)
		if b == nil {
			return fmt.Errorf("%w: it has no checkpoints", boltfile.ErrDamaged)
		}
		seq, err := b.NextSequence()
		if err != nil {
			return err
		}
		c.Seq = seq
		value, err := encode(c)
		if err != nil {
			return err
		}
		if err := b.Put(key(seq), value); err != nil {
			return err
		}
		return prune(b, s.keep)
	})
	if err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	return nil
}

// prune keeps the newest.
func prune(b *bolt.Bucket, keep int) error {
	var keys [][]byte
	c := b.Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	for _, k := range keys[:max(0, len(keys)-keep)] {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

func key(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// each calls fn with every stored value, oldest first.
func (s *Store) each(fn func(seq uint64, value []byte) error) error {
	return s.file.View(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketCheckpoints)
		if b == nil {
			return fmt.Errorf("%w: it has no checkpoints: not a store", boltfile.ErrDamaged)
		}
		return b.ForEach(func(k, v []byte) error {
			if len(k) != 8 {
				return fmt.Errorf("%w: a key of %d bytes among the checkpoints", boltfile.ErrDamaged, len(k))
			}
			return fn(binary.BigEndian.Uint64(k), v)
		})
	})
}

// Load returns the newest checkpoint that is whole, and names every newer one
// that is not. ErrNone where there is none.
func (s *Store) Load() (c Checkpoint, damage []error, err error) {
	found := false
	var since []error
	err = s.each(func(seq uint64, value []byte) error {
		got, err := decode(seq, value)
		if err != nil {
			since = append(since, err)
			return nil
		}
		c, found, since = got, true, nil
		return nil
	})
	if err != nil {
		return Checkpoint{}, since, fmt.Errorf("load checkpoint: %w", err)
	}
	if !found {
		return Checkpoint{}, since, fmt.Errorf("load checkpoint: %w", ErrNone)
	}
	return c, since, nil
}

// List returns the summaries of the whole checkpoints, oldest first: all but
// their State.
func (s *Store) List() ([]Checkpoint, error) {
	var out []Checkpoint
	err := s.each(func(seq uint64, value []byte) error {
		if c, err := decode(seq, value); err == nil {
			c.State = nil
			out = append(out, c)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	return out, nil
}

// Get returns one checkpoint; ErrUnknown where there is none of that sequence.
func (s *Store) Get(seq uint64) (c Checkpoint, err error) {
	err = s.file.View(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketCheckpoints)
		if b == nil {
			return fmt.Errorf("%w: it has no checkpoints: not a store", boltfile.ErrDamaged)
		}
		value := b.Get(key(seq))
		if value == nil {
			return ErrUnknown
		}
		c, err = decode(seq, value)
		return err
	})
	if err != nil {
		return Checkpoint{}, fmt.Errorf("get checkpoint %d: %w", seq, err)
	}
	return c, nil
}

// Verify checks the sum of every checkpoint and the file's own structure, and
// names all that is wrong.
func (s *Store) Verify() error {
	var wrong []error
	err := s.each(func(seq uint64, value []byte) error {
		if _, err := decode(seq, value); err != nil {
			wrong = append(wrong, err)
		}
		return nil
	})
	check := s.file.View(func(tx *bolt.Tx) error {
		var found []error
		for err := range tx.Check() {
			found = append(found, fmt.Errorf("%w: %w", boltfile.ErrDamaged, err))
		}
		return errors.Join(found...)
	})
	return errors.Join(append(wrong, err, check)...)
}

// Export writes one checkpoint's state, as canonical JSON.
func (s *Store) Export(seq uint64, w io.Writer) error {
	c, err := s.Get(seq)
	if err != nil {
		return err
	}
	if _, err := w.Write(append(c.State, '\n')); err != nil {
		return fmt.Errorf("export checkpoint %d: %w", seq, err)
	}
	return nil
}
