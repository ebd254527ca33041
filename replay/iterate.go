package replay

import (
	"encoding/binary"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"rubato/checkpoints/boltfile"
)

// chunkBytes is about how much Iterate copies in one read transaction.
const chunkBytes = 1 << 20

// DamageError names records that cannot be read. It wraps
// boltfile.ErrDamaged.
type DamageError struct {
	Path string
	// From and To are the first and the last sequence lost; To is 0 where
	// nothing after From can be found.
	From, To uint64
	Reason   error
}

// Error names file, records and reason.
func (e *DamageError) Error() string {
	if e.To == 0 {
		return fmt.Sprintf("journal %s: damaged from record %d on: %v", e.Path, e.From, e.Reason)
	}
	return fmt.Sprintf("journal %s: records %d to %d are damaged: %v", e.Path, e.From, e.To, e.Reason)
}

// Unwrap makes the error one of boltfile.ErrDamaged and of its reason.
func (e *DamageError) Unwrap() []error { return []error{boltfile.ErrDamaged, e.Reason} }

// First returns the oldest sequence on disk; 0 when there is none.
func (j *Journal) First() (seq uint64, err error) {
	err = j.file.View(func(tx *bolt.Tx) error {
		b, err := records(tx)
		if err != nil {
			return err
		}
		if k, _ := b.Cursor().First(); len(k) == 8 {
			seq = binary.BigEndian.Uint64(k)
		}
		return nil
	})
	return seq, err
}

// Last returns the newest sequence ever on disk; 0 when there is none.
func (j *Journal) Last() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.flushed
}

// Iterate gives fn the flushed records from sequence from on, in order; an
// error of fn ends it and is returned as it is. fn may take its time, append
// and flush. A gap in the sequence is where records were pruned meanwhile or
// dropped. Damage ends it with a *DamageError; Iterate(e.To+1, fn) goes on
// behind it where e.To is known.
func (j *Journal) Iterate(from uint64, fn func(Record) error) error {
	var c chunk
	seek := from
	for {
		if err := j.file.View(func(tx *bolt.Tx) error { return c.fill(tx, seek) }); err != nil {
			if errors.Is(err, boltfile.ErrDamaged) {
				err = &DamageError{Path: j.file.Path(), From: max(seek, 1), Reason: err}
			}
			return err
		}
		if len(c.blocks) == 0 {
			return nil
		}
		for i, b := range c.blocks {
			seq, fnErr, err := decodeBlock(b.first, c.data[b.from:b.to], from, fn)
			switch {
			case fnErr != nil:
				return fnErr
			case errors.Is(err, errVersion):
				return fmt.Errorf("journal %s: record %d: %w", j.file.Path(), seq, err)
			case err != nil:
				return &DamageError{Path: j.file.Path(), From: seq, To: c.end(i), Reason: err}
			}
		}
		seek = c.blocks[len(c.blocks)-1].first + 1
		c.exact = true
	}
}

// chunk is a copy of some consecutive blocks.
type chunk struct {
	buffer
	// exact seeks blocks that begin at the sequence or later, not the one that
	// the sequence lies in.
	exact bool
	// after is the last sequence before the block that follows.
	after uint64
}

// end is the last sequence that belongs to block i.
func (c *chunk) end(i int) uint64 {
	if i+1 < len(c.blocks) {
		return c.blocks[i+1].first - 1
	}
	return c.after
}

// fill copies the blocks from sequence seek on.
func (c *chunk) fill(tx *bolt.Tx, seek uint64) error {
	c.reset()
	b, err := records(tx)
	if err != nil {
		return err
	}
	c.after = b.Sequence()
	var key [8]byte
	binary.BigEndian.PutUint64(key[:], seek)
	cur := b.Cursor()
	k, v := cur.Seek(key[:])
	if !c.exact && (len(k) != 8 || binary.BigEndian.Uint64(k) > seek) {
		if k != nil {
			k, v = cur.Prev()
		} else {
			k, v = cur.Last()
		}
		if k == nil {
			k, v = cur.First()
		}
	}
	for ; k != nil; k, v = cur.Next() {
		if len(k) != 8 {
			return fmt.Errorf("%w: a key of %d bytes among the records", boltfile.ErrDamaged, len(k))
		}
		first := binary.BigEndian.Uint64(k)
		if len(c.data) >= chunkBytes {
			c.after = first - 1
			break
		}
		from := len(c.data)
		c.data = append(c.data, v...)
		c.blocks = append(c.blocks, block{first: first, from: from, to: len(c.data)})
	}
	return nil
}
