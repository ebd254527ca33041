package boltfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// ErrDamaged is wrapped by every error that says a file's content cannot be
// trusted.
var ErrDamaged = errors.New("damaged")

// ErrForeign is wrapped by every error that says that what is there was never
// written by this program: it is to be left as it is.
var ErrForeign = errors.New("not a Rubato store")

// ErrFull is wrapped by the error of an Update that Options.MaxSize forbids.
var ErrFull = bolterrors.ErrMaxSizeReached

// lockWait is how long Open waits for another holder of the file.
const lockWait = time.Second

// Options of Open. The zero value opens for writing and checks branch pages
// only.
type Options struct {
	// ReadOnly opens an existing file beside other readers.
	ReadOnly bool
	// MmapSize is the size in bytes to map at once, so that a growing file
	// need not be mapped anew under its readers.
	MmapSize int
	// AllocSize is by how many bytes the file grows; 0 is bbolt's 16 MiB.
	AllocSize int
	// MaxSize makes an Update fail with ErrFull rather than let the file grow
	// beyond so many bytes; 0 sets no limit.
	MaxSize int
	// CheckLeaves makes Open check the bounds of each leaf element too, which
	// reads the whole file.
	CheckLeaves bool
	// Owns tells the buckets of this kind of file by their names; a file that
	// holds another is foreign. Nil owns all.
	Owns func(bucket []byte) bool
}

// File is an open bbolt file.
type File struct {
	db       *bolt.DB
	path     string
	readOnly bool
}

// Open opens the file at path; for writing, a missing one is created with its
// directory. An error that wraps ErrDamaged says what is wrong with the file,
// one that wraps ErrForeign that it is none of ours; a *HeldError says who has it
// open.
func Open(path string, o Options) (*File, error) {
	if !o.ReadOnly {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return nil, fmt.Errorf("create the directory of %s: %w", path, err)
		}
	}
	db, err := openChecked(path, o)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	f := &File{db: db, path: path, readOnly: o.ReadOnly}
	if o.ReadOnly {
		return f, nil
	}
	if o.AllocSize > 0 {
		db.AllocSize = o.AllocSize
	}
	if err := writeHolder(path); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return f, nil
}

// openChecked checks an existing file under a shared lock, then opens it.
func openChecked(path string, o Options) (*bolt.DB, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) && !o.ReadOnly {
		return openBolt(path, o)
	}
	if err != nil {
		return nil, err
	}
	if err := recognise(path, info); err != nil {
		return nil, err
	}
	reading := o
	reading.ReadOnly = true
	db, err := openBolt(path, reading)
	if held := (*HeldError)(nil); err != nil && !errors.Is(err, ErrDamaged) && !errors.As(err, &held) {
		if damage := checkPath(path, false); damage != nil {
			return nil, damage
		}
	}
	if err != nil {
		return nil, err
	}
	err = checkPath(path, o.CheckLeaves)
	if err == nil {
		err = owned(db, o.Owns)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if o.ReadOnly {
		return db, nil
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return openBolt(path, o)
}

// recognise refuses what no kill and no fault of a disk can have made of a bbolt
// file: it is somebody else's. A file of zeros is what a power cut leaves of one
// that was just begun.
func recognise(path string, info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return fmt.Errorf("%w: it is a folder", ErrForeign)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: it is no regular file", ErrForeign)
	case info.Size() == 0:
		return fmt.Errorf("%w: the file is empty (0 bytes)", ErrDamaged)
	}
	file, err := os.Open(path) //nolint:gosec // the path is the operator's
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	head, err := readHead(file)
	if err != nil {
		return err
	}
	if !Begins(head) && len(bytes.Trim(head, "\x00")) > 0 {
		return fmt.Errorf("%w: its content is of another kind", ErrForeign)
	}
	return nil
}

// Is tells whether the file at path shows the mark of a bbolt file, whole or not.
func Is(path string) (bool, error) {
	file, err := os.Open(path) //nolint:gosec // the path is the operator's
	if err != nil {
		return false, err
	}
	defer func() { _ = file.Close() }()
	head, err := readHead(file)
	return Begins(head), err
}

// readHead reads as far as the last place that a meta page can be at.
func readHead(file io.Reader) ([]byte, error) {
	head := make([]byte, largestPage+headerSize+metaSize)
	n, err := io.ReadFull(file, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return head[:n], err
}

// owned refuses a file that holds a bucket of another kind of file.
func owned(db *bolt.DB, owns func([]byte) bool) error {
	if owns == nil {
		return nil
	}
	return guard(func() error {
		return db.View(func(tx *bolt.Tx) error {
			return tx.ForEach(func(name []byte, _ *bolt.Bucket) error {
				if !owns(name) {
					return fmt.Errorf("%w of this kind: it holds %q", ErrForeign, name)
				}
				return nil
			})
		})
	})
}

// openBolt opens without a check, and closes the file again where bbolt
// panics over it.
func openBolt(path string, o Options) (db *bolt.DB, err error) {
	var file *os.File
	opts := &bolt.Options{
		ReadOnly: o.ReadOnly, Timeout: lockWait, InitialMmapSize: o.MmapSize, MaxSize: o.MaxSize,
		FreelistType: bolt.FreelistMapType,
		OpenFile: func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
			f, err = os.OpenFile(name, flag, mode) //nolint:gosec // the path is the operator's
			file = f
			return f, err
		},
	}
	err = guard(func() (err error) {
		db, err = bolt.Open(path, 0o640, opts)
		return err
	})
	switch {
	case err == nil:
		return db, nil
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, held(path)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum),
		errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, fmt.Errorf("%w: not a bbolt file, or both its meta pages are bad: %w", ErrDamaged, err)
	case errors.Is(err, ErrDamaged) && file != nil:
		_ = file.Close()
	}
	return nil, err
}

// guard runs f with memory faults turned into panics, and panics into errors.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, r)
		}
	}()
	return f()
}

// Path returns the file's path.
func (f *File) Path() string { return f.path }

// View runs fn in a read transaction. Nothing of tx may outlive fn, and fn
// must not wait for anything: pages cannot be reused meanwhile.
func (f *File) View(fn func(tx *bolt.Tx) error) error {
	if err := guard(func() error { return f.db.View(fn) }); err != nil {
		return fmt.Errorf("read %s: %w", f.path, err)
	}
	return nil
}

// Update runs fn in a write transaction and commits it to disk.
func (f *File) Update(fn func(tx *bolt.Tx) error) error {
	if err := guard(func() error { return f.db.Update(fn) }); err != nil {
		return fmt.Errorf("write %s: %w", f.path, err)
	}
	return nil
}

// FreeBytes returns how many bytes of the file are free pages, as of the last
// write transaction.
func (f *File) FreeBytes() int64 { return int64(f.db.Stats().FreeAlloc) }

// Allow lets a file with a MaxSize grow n bytes larger. It is not to be called
// during an Update.
func (f *File) Allow(n int64) { f.db.MaxSize += int(n) }

// Close releases the file. It is not to be called during a transaction.
func (f *File) Close() error {
	var err error
	if !f.readOnly {
		err = removeHolder(f.path)
	}
	if cerr := guard(f.db.Close); cerr != nil {
		err = errors.Join(err, cerr)
	}
	if err != nil {
		return fmt.Errorf("close %s: %w", f.path, err)
	}
	return nil
}

// Aside renames a file to a free name beside it that tells why it is put aside, and
// returns the name.
func Aside(path, why string) (string, error) {
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s.%s-%d", path, why, n)
		if _, err := os.Lstat(aside); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("move %s aside: %w", path, err)
		}
		if err := os.Rename(path, aside); err != nil {
			return "", fmt.Errorf("move %s aside: %w", path, err)
		}
		return aside, nil
	}
}

// Verify checks the structure again, each leaf included, and has bbolt look
// for pages that are free and used or neither.
func (f *File) Verify() error {
	if err := checkPath(f.path, true); err != nil {
		return fmt.Errorf("verify %s: %w", f.path, err)
	}
	return f.View(func(tx *bolt.Tx) error {
		var errs []error
		for err := range tx.Check() {
			errs = append(errs, fmt.Errorf("%w: %w", ErrDamaged, err))
		}
		return errors.Join(errs...)
	})
}
