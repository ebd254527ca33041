package replay

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	bolt "go.etcd.io/bbolt"

	"rubato/checkpoints/boltfile"
	"rubato/env"
)

// MinBytes is the smallest cap of a journal's file.
const MinBytes = 8 << 20

// forgetBytes is how much is written before the pages read for it are let go
// of: the journal would take its whole file's size in resident memory.
const forgetBytes = 4 << 20

var bucketRecords = []byte("records")

// Options of Open.
type Options struct {
	// MaxBytes caps the file; at least MinBytes. Records of 64 KiB and more
	// scatter its free pages: with many of them a file of the smallest cap may
	// end half as large again, with many of a MiB twice as large. It is not
	// used for reading.
	MaxBytes int64
	// MaxBuffer caps what is kept in memory while writes fail, bytes; 0 means
	// 32 MiB.
	MaxBuffer int
	// After numbers new records past it, as the checkpoint's journal sequence
	// wants where the journal was lost and the checkpoint was not.
	After uint64
	// ReadOnly opens an existing journal for Iterate.
	ReadOnly bool
}

// Journal is the log of inputs and steps. One goroutine may append while
// another flushes; every other method but Close may be called from any.
type Journal struct {
	file *boltfile.File
	opts Options

	// flushing is held over a Flush; it guards spare and touched.
	flushing sync.Mutex
	spare    buffer
	// touched is how many bytes were written since the map was let go of.
	touched int

	mu      sync.Mutex // guards the rest
	active  buffer
	next    uint64 // the sequence of the next record
	flushed uint64 // the last sequence on disk
	dropped uint64
}

// Open opens the journal at path; for writing, it is created where missing. A
// *boltfile.HeldError says which process has it open, an error that wraps
// boltfile.ErrDamaged what is wrong with the file, one that wraps
// boltfile.ErrForeign that it is no journal.
func Open(path string, o Options) (*Journal, error) {
	if !o.ReadOnly && o.MaxBytes < MinBytes {
		return nil, fmt.Errorf("open journal: a cap of %d bytes; at least %d are needed", o.MaxBytes, MinBytes)
	}
	if o.MaxBuffer == 0 {
		o.MaxBuffer = 32 << 20
	}
	fo := boltfile.Options{ReadOnly: o.ReadOnly, Owns: func(bucket []byte) bool { return bytes.Equal(bucket, bucketRecords) }}
	if !o.ReadOnly {
		fo.MmapSize, fo.MaxSize, fo.AllocSize = int(o.MaxBytes), int(o.MaxBytes), int(growth(o.MaxBytes))
	}
	file, err := boltfile.Open(path, fo)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	j := &Journal{file: file, opts: o}
	if err := j.resume(); err != nil {
		return nil, errors.Join(fmt.Errorf("open journal: %w", err), file.Close())
	}
	return j, nil
}

// OpenOrRecover opens a journal for writing. A damaged file, and one that another
// version wrote, is moved aside, to the name returned, and a new one begun in its
// place; damage says why. What is no journal (boltfile.ErrForeign) is refused and
// left as it is.
func OpenOrRecover(path string, o Options) (j *Journal, aside string, damage, err error) {
	j, err = Open(path, o)
	if err == nil || !errors.Is(err, boltfile.ErrDamaged) && !errors.Is(err, errVersion) {
		return j, "", nil, err
	}
	damage = err
	why := "damaged"
	if other := (*versionError)(nil); errors.As(err, &other) {
		why = fmt.Sprintf("schema-%d", other.schema)
	}
	if aside, err = boltfile.Aside(path, why); err != nil {
		return nil, "", damage, err
	}
	j, err = Open(path, o)
	return j, aside, damage, err
}

// growth is by how many bytes a file of the given cap grows.
func growth(maxBytes int64) int64 { return min(1<<20, maxBytes/16) }

// resume finds the last sequence on disk, and makes the bucket where missing. It
// refuses a journal whose last block another version wrote.
func (j *Journal) resume() error {
	last, err := uint64(0), error(nil)
	read := func(b *bolt.Bucket) error {
		last = b.Sequence()
		k, v := b.Cursor().Last()
		if len(k) == 8 {
			last = max(last, binary.BigEndian.Uint64(k))
		}
		if len(v) == 0 {
			return nil
		}
		if err := checkSchema(v); err != nil {
			return fmt.Errorf("%s: %w", j.file.Path(), err)
		}
		return nil
	}
	if j.opts.ReadOnly {
		err = j.file.View(func(tx *bolt.Tx) error {
			b, err := records(tx)
			if err != nil {
				return err
			}
			return read(b)
		})
	} else {
		err = j.file.Update(func(tx *bolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists(bucketRecords)
			if err != nil {
				return err
			}
			return read(b)
		})
	}
	j.next, j.flushed = max(last, j.opts.After)+1, last
	return err
}

func records(tx *bolt.Tx) (*bolt.Bucket, error) {
	if b := tx.Bucket(bucketRecords); b != nil {
		return b, nil
	}
	return nil, fmt.Errorf("%w: it has no records: not a journal", boltfile.ErrDamaged)
}

// AppendInput buffers an input and returns its sequence.
func (j *Journal) AppendInput(in *env.Input) uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	at := j.active.begin(j.next)
	j.active.data = AppendInput(j.active.data, in)
	return j.end(at)
}

// AppendStep buffers a step and returns its sequence.
func (j *Journal) AppendStep(s *Step) uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	at := j.active.begin(j.next)
	j.active.data = AppendStep(j.active.data, s)
	return j.end(at)
}

// end completes the record, and gives up what is buffered where it cannot be
// written and outgrows its cap.
func (j *Journal) end(at int) uint64 {
	seq := j.next
	j.active.end(at, seq)
	j.next++
	j.shed()
	return seq
}

func (j *Journal) shed() {
	if len(j.active.data) > j.opts.MaxBuffer {
		j.dropped += uint64(j.active.records())
		j.active.reset()
	}
}

// Flush writes what is buffered in one transaction. What it could not write
// the next one tries again; nothing is lost before MaxBuffer.
func (j *Journal) Flush() error {
	j.flushing.Lock()
	defer j.flushing.Unlock()

	j.mu.Lock()
	taken := j.active
	j.active, j.spare = j.spare, buffer{}
	j.mu.Unlock()

	var err error
	if len(taken.blocks) > 0 {
		err = j.write(&taken)
		if j.touched += len(taken.data); err == nil && j.touched >= forgetBytes {
			j.touched = 0
			_ = j.file.Forget() // it spares memory, no more
		}
	}

	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		taken.join(&j.active)
		j.active.reset()
		j.active, j.spare = taken, j.active
		j.shed()
		return fmt.Errorf("flush journal: %w", err)
	}
	if n := len(taken.blocks); n > 0 {
		j.flushed = taken.blocks[n-1].first + uint64(taken.blocks[n-1].count) - 1
	}
	taken.reset()
	j.spare = taken
	return nil
}

// write puts the blocks of b and prunes for them. Where the free pages are too
// scattered for them and the file may not grow, it prunes more, and then lets
// the file grow a little past its cap rather than lose a record.
func (j *Journal) write(b *buffer) error {
	// Twice the data: its own pages, and those that its transaction copies.
	need := 2 * (int64(len(b.data)) + blockBytes)
	err := j.update(b, need)
	for errors.Is(err, boltfile.ErrFull) {
		if err := j.update(&buffer{}, need); errors.Is(err, boltfile.ErrFull) {
			j.file.Allow(growth(j.opts.MaxBytes))
		} else if err != nil {
			return err
		}
		if err = j.update(b, need); errors.Is(err, boltfile.ErrFull) {
			j.file.Allow(growth(j.opts.MaxBytes))
		}
	}
	return err
}

// update is one transaction that prunes so that need bytes are free below the
// cap, and puts the blocks of b; where there are none, it prunes need bytes.
func (j *Journal) update(b *buffer, need int64) error {
	return j.file.Update(func(tx *bolt.Tx) error {
		bucket, err := records(tx)
		if err != nil {
			return err
		}
		bucket.FillPercent = 1 // keys only ever come at the end
		over := need
		if len(b.blocks) > 0 {
			ceiling := j.opts.MaxBytes - growth(j.opts.MaxBytes) - j.opts.MaxBytes/16
			over = min(tx.Size()-j.file.FreeBytes()+need-ceiling, max(2*need, 1<<20))
		}
		if err := prune(bucket, over); err != nil || len(b.blocks) == 0 {
			return err
		}
		var key [8]byte
		for _, bl := range b.blocks {
			binary.BigEndian.PutUint64(key[:], bl.first)
			if err := bucket.Put(key[:], b.data[bl.from:bl.to]); err != nil {
				return err
			}
		}
		last := b.blocks[len(b.blocks)-1]
		return bucket.SetSequence(last.first + uint64(last.count) - 1)
	})
}

// prune deletes the oldest blocks, of at least size bytes together.
func prune(bucket *bolt.Bucket, size int64) error {
	var keys []uint64
	c := bucket.Cursor()
	for k, v := c.First(); k != nil && size > 0; k, v = c.Next() {
		if len(k) != 8 {
			return fmt.Errorf("%w: a key of %d bytes among the records", boltfile.ErrDamaged, len(k))
		}
		keys = append(keys, binary.BigEndian.Uint64(k))
		size -= int64(len(k) + len(v))
	}
	var key [8]byte
	for _, k := range keys {
		binary.BigEndian.PutUint64(key[:], k)
		if err := bucket.Delete(key[:]); err != nil {
			return err
		}
	}
	return nil
}

// Appended is the last sequence given out.
func (j *Journal) Appended() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.next - 1
}

// Dropped counts the records given up, since the journal was opened, because
// they could not be written.
func (j *Journal) Dropped() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.dropped
}

// Close flushes and releases the file. No other call may run or follow.
func (j *Journal) Close() error {
	var err error
	if !j.opts.ReadOnly {
		err = j.Flush()
	}
	if cerr := j.file.Close(); cerr != nil {
		err = errors.Join(err, fmt.Errorf("close journal: %w", cerr))
	}
	return err
}
