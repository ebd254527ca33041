package boltfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"
	"pgregory.net/rapid"
)

// build makes a file of two buckets by random puts and deletes.
func build(t *testing.T, path string, rng *rand.Rand, puts int) {
	t.Helper()
	f, err := Open(path, Options{AllocSize: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	for done := 0; done < puts; {
		err := f.Update(func(tx *bolt.Tx) error {
			for range 1 + rng.IntN(300) {
				b, err := tx.CreateBucketIfNotExists(fmt.Appendf(nil, "bucket %d", rng.IntN(2)))
				if err != nil {
					return err
				}
				key := binary.BigEndian.AppendUint64(nil, rng.Uint64N(uint64(puts)))
				if done++; done%4 == 0 {
					err = b.Delete(key)
				} else {
					err = b.Put(key, make([]byte, rng.IntN(200)*rng.IntN(60)))
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Verify(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestEverySoundFilePassesTheCheck(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		path := filepath.Join(t.TempDir(), "file.db")
		defer func() { _ = os.Remove(path) }()
		build(t, path, rand.New(rand.NewPCG(1, rapid.Uint64().Draw(rt, "seed"))), rapid.IntRange(1, 1500).Draw(rt, "puts"))
		for _, leaves := range []bool{false, true} {
			f, err := Open(path, Options{CheckLeaves: leaves, ReadOnly: true})
			if err != nil {
				rt.Fatalf("check of leaves %t: %v", leaves, err)
			}
			if err := f.Close(); err != nil {
				rt.Fatal(err)
			}
		}
	})
}

// branches returns the offsets of the branch pages in a file's bytes, those of
// free pages among them.
func branches(t *testing.T, data []byte) (offsets []int) {
	t.Helper()
	ps := os.Getpagesize()
	for at := 2 * ps; at < len(data); at += ps {
		if native.Uint64(data[at:]) == uint64(at/ps) && native.Uint16(data[at+8:]) == branchFlag {
			offsets = append(offsets, at)
		}
	}
	if len(offsets) == 0 {
		t.Fatal("the file has no branch page")
	}
	return offsets
}

func TestCycleOfPagesIsDamageAndNotAnEndlessRecursion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.db")
	build(t, path, rand.New(rand.NewPCG(1, 1)), 3000)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range branches(t, data) {
		copy(data[at+headerSize+8:], data[at:at+8]) // its first child is itself
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, Options{}); !errors.Is(err, ErrDamaged) {
		t.Fatalf("got %v", err)
	}
}

func TestFileCutAnywhereIsDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.db")
	build(t, path, rand.New(rand.NewPCG(1, 2)), 1000)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	meta, pageSize, ok := readMeta(bytes.NewReader(data), int64(len(data)))
	if !ok {
		t.Fatal("no meta page")
	}
	used := int(native.Uint64(meta[40:])) * int(pageSize)
	for size := 0; size < used; size += used / 50 {
		if err := os.WriteFile(path, data[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		for _, readOnly := range []bool{true, false} {
			if _, err := Open(path, Options{ReadOnly: readOnly}); !errors.Is(err, ErrDamaged) {
				t.Fatalf("cut to %d of %d bytes: %v", size, used, err)
			}
		}
	}
}

func TestPanicOfAFaultIsAnErrorAndReleasesTheTransaction(t *testing.T) {
	f, err := Open(filepath.Join(t.TempDir(), "file.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Update(func(*bolt.Tx) error { panic("page 7 is not a page") }); !errors.Is(err, ErrDamaged) {
		t.Fatalf("got %v", err)
	}
	if err := f.View(func(*bolt.Tx) error { panic("page 7 is not a page") }); !errors.Is(err, ErrDamaged) {
		t.Fatalf("got %v", err)
	}
	if err := f.Update(func(*bolt.Tx) error { return nil }); err != nil {
		t.Fatalf("afterwards: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestMemoryFaultIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.db")
	build(t, path, rand.New(rand.NewPCG(1, 3)), 2000)
	f, err := Open(path, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	// The file is cut under the open map: reading on faults.
	if err := os.Truncate(path, int64(2*os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	err = f.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(_ []byte, b *bolt.Bucket) error {
			return b.ForEach(func(_, _ []byte) error { return nil })
		})
	})
	if !errors.Is(err, ErrDamaged) {
		t.Fatalf("got %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAsideTakesNoNameTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.db")
	seen := map[string]bool{}
	for i := range 3 {
		if err := os.WriteFile(path, []byte{byte(i)}, 0o600); err != nil {
			t.Fatal(err)
		}
		aside, err := Aside(path, "damaged")
		if err != nil || seen[aside] {
			t.Fatal(aside, err)
		}
		seen[aside] = true
		if data, err := os.ReadFile(aside); err != nil || data[0] != byte(i) { //nolint:gosec // a test's file
			t.Fatal(data, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	path := filepath.Join(f.TempDir(), "file.db")
	db, err := bolt.Open(path, 0o600, &bolt.Options{PageSize: 1024})
	if err != nil {
		f.Fatal(err)
	}
	if err := db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket([]byte("b"))
		if err != nil {
			return err
		}
		return b.Put([]byte("k"), make([]byte, 2000))
	}); err != nil {
		f.Fatal(err)
	}
	if err := db.Close(); err != nil {
		f.Fatal(err)
	}
	data, err := os.ReadFile(path) //nolint:gosec // a test's file
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(_ *testing.T, data []byte) {
		_ = check(bytes.NewReader(data), int64(len(data)), true)
		_ = check(bytes.NewReader(data), int64(len(data)), false)
	})
}
