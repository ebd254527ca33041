package replay

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"rubato/checkpoints"
	"rubato/checkpoints/boltfile"
	"rubato/env"
	"rubato/internal/fulldisk"
)

// written returns the bytes of a closed journal of n sample records.
func written(t *testing.T, n uint64) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, path, Options{})
	fill(t, j, 1, n)
	closed(t, j)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFlippedRecordIsNamedAndTheRestIsRead(t *testing.T) {
	data := written(t, 1000)
	// The value of record 500 is a run of one byte.
	run := bytes.Repeat([]byte{byte(500 % 256)}, 500*37%900+1)
	at := bytes.LastIndex(data, run)
	if at < 0 {
		t.Fatal("record 500 is not in the file")
	}
	data[at+10] ^= 4
	path := filepath.Join(t.TempDir(), "journal.db")
	put(t, path, data)
	j := open(t, path, Options{ReadOnly: true})
	seqs, err := check(t, j, 1)
	var damage *DamageError
	if !errors.As(err, &damage) || !errors.Is(err, boltfile.ErrDamaged) || damage.From != 500 || damage.To < 500 {
		t.Fatalf("got %v", err)
	}
	wantRange(t, seqs, 1, 499)
	seqs, err = check(t, j, damage.To+1)
	if err != nil {
		t.Fatal(err)
	}
	wantRange(t, seqs, damage.To+1, 1000)
	closed(t, j)
}

func TestAnyFlippedBitGivesAnErrorOrTheRecordsAsTheyWere(t *testing.T) {
	data := written(t, 240)
	path := filepath.Join(t.TempDir(), "journal.db")
	rng := rand.New(rand.NewPCG(7, 7))
	for range 200 {
		bad := bytes.Clone(data)
		bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(8)
		put(t, path, bad)
		j, err := Open(path, Options{ReadOnly: true})
		if err != nil {
			if !errors.Is(err, boltfile.ErrDamaged) {
				t.Fatalf("not called damage: %v", err)
			}
			continue
		}
		next := uint64(1)
		err = j.Iterate(1, func(r Record) error {
			if !reflect.DeepEqual(r, sample(r.Seq)) {
				t.Fatalf("record %d came back as another", r.Seq)
			}
			next++
			return nil
		})
		if err != nil && !errors.Is(err, boltfile.ErrDamaged) && !errors.Is(err, errVersion) {
			t.Fatalf("not called damage: %v", err)
		}
		if err == nil && next < 200 { // the older meta page may stand for the last flush
			t.Fatalf("only %d records and no error", next-1)
		}
		closed(t, j)
	}
}

func TestJournalCutShortIsNamedAndMovedAside(t *testing.T) {
	data := written(t, 1000)
	path := filepath.Join(t.TempDir(), "journal.db")
	for _, size := range []int{0, 1, 100, 4096, 8192, 10000, len(data) / 3} {
		put(t, path, data[:size])
		if _, err := Open(path, Options{ReadOnly: true}); !errors.Is(err, boltfile.ErrDamaged) {
			t.Fatalf("cut to %d bytes: %v", size, err)
		}
		j, aside, damage, err := OpenOrRecover(path, Options{MaxBytes: MinBytes, After: 1000})
		if err != nil || !errors.Is(damage, boltfile.ErrDamaged) {
			t.Fatalf("cut to %d bytes: damage %v, error %v", size, damage, err)
		}
		if kept, err := os.ReadFile(aside); err != nil || !bytes.Equal(kept, data[:size]) {
			t.Fatalf("the damaged file was not kept: %v", err)
		}
		if seq := appendRecord(j, sample(1001)); seq != 1001 {
			t.Fatalf("the new journal begins at %d", seq)
		}
		closed(t, j)
	}
}

func TestAJournalOfAnotherVersionIsNamedAndMovedAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	put(t, path, written(t, 1000))
	j, err := Open(path, Options{MaxBytes: MinBytes})
	if err != nil {
		t.Fatal(err)
	}
	err = j.file.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketRecords)
		k, v := b.Cursor().Last()
		older := bytes.Clone(v)
		older[0]--
		return b.Put(bytes.Clone(k), older)
	})
	if err != nil {
		t.Fatal(err)
	}
	closed(t, j)
	if _, err := Open(path, Options{ReadOnly: true}); !errors.Is(err, errVersion) || !strings.Contains(err.Error(), "the rubato of the version that wrote it") {
		t.Errorf("read: %v", err)
	}
	j, aside, damage, err := OpenOrRecover(path, Options{MaxBytes: MinBytes, After: 1000})
	if err != nil || !errors.Is(damage, errVersion) {
		t.Fatalf("damage %v, error %v", damage, err)
	}
	if seq := appendRecord(j, sample(1001)); seq != 1001 {
		t.Errorf("the new journal begins at %d", seq)
	}
	closed(t, j)
	if want := fmt.Sprintf("%s.schema-%d-1", path, schema-1); aside != want {
		t.Errorf("it is called %s, want %s", aside, want)
	}
	if _, err := os.Stat(aside); err != nil {
		t.Error(err)
	}
}

// blocks is a journal of two records of one length, in a block each, after
// spoil.
func blocks(t *testing.T, spoil func(b *bolt.Bucket, keys, values [2][]byte) error) *Journal {
	t.Helper()
	j := open(t, filepath.Join(t.TempDir(), "journal.db"), Options{})
	for _, value := range []string{"one", "two"} {
		j.AppendInput(&env.Input{Value: []byte(value)})
		flush(t, j)
	}
	if err := j.file.Update(func(tx *bolt.Tx) error {
		var keys, values [2][]byte
		n := 0
		b := tx.Bucket(bucketRecords)
		err := b.ForEach(func(k, v []byte) error {
			keys[n], values[n] = bytes.Clone(k), bytes.Clone(v)
			n++
			return nil
		})
		return errors.Join(err, spoil(b, keys, values))
	}); err != nil {
		t.Fatal(err)
	}
	return j
}

// values are those of the inputs from a sequence on.
func values(j *Journal, from uint64) (got []string, err error) {
	err = j.Iterate(from, func(r Record) error {
		got = append(got, string(r.Input.Value))
		return nil
	})
	return got, err
}

func TestARecordInAnothersPlaceIsDamage(t *testing.T) {
	j := blocks(t, func(b *bolt.Bucket, keys, values [2][]byte) error {
		return errors.Join(b.Put(keys[0], values[1]), b.Put(keys[1], values[0]))
	})
	for from := uint64(1); from <= 2; from++ {
		if got, err := values(j, from); len(got) > 0 || !errors.Is(err, boltfile.ErrDamaged) {
			t.Errorf("from %d on: read %q, %v", from, got, err)
		}
	}
	closed(t, j)
}

func TestBytesAfterABlocksLastRecordAreDamageAndTheRestIsRead(t *testing.T) {
	j := blocks(t, func(b *bolt.Bucket, keys, values [2][]byte) error {
		return b.Put(keys[0], append(values[0], 0))
	})
	got, err := values(j, 1)
	var damage *DamageError
	if !errors.As(err, &damage) || !slices.Equal(got, []string{"one"}) {
		t.Fatalf("read %q, %v", got, err)
	}
	if got, err := values(j, damage.To+1); err != nil || !slices.Equal(got, []string{"two"}) {
		t.Fatalf("behind it: read %q, %v", got, err)
	}
	closed(t, j)
}

func TestWhatIsAppendedDuringAFlushThatFailsIsNotLost(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "journal.db"), Options{})
	for n := uint64(1); n <= 100; n++ {
		appendRecord(j, sample(n))
	}
	taken := func() bool {
		j.mu.Lock()
		defer j.mu.Unlock()
		return len(j.active.blocks) == 0
	}
	flushed := make(chan error, 1)
	if err := j.file.Update(func(tx *bolt.Tx) error { // the flush's own has to wait for it, and fails
		go func() { flushed <- j.Flush() }()
		for !taken() {
			runtime.Gosched()
		}
		for n := uint64(101); n <= 200; n++ {
			appendRecord(j, sample(n))
		}
		return tx.DeleteBucket(bucketRecords)
	}); err != nil {
		t.Fatal(err)
	}
	if err := <-flushed; err == nil {
		t.Fatal("it was written where there is no room for records")
	}
	if err := j.file.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucket(bucketRecords)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	flush(t, j)
	seqs, err := check(t, j, 1)
	if err != nil {
		t.Fatal(err)
	}
	wantRange(t, seqs, 1, 200)
	closed(t, j)
}

func TestWhatIsNoJournalIsRefusedAndLeftAsItIs(t *testing.T) {
	store := filepath.Join(t.TempDir(), "checkpoints.db")
	s, err := checkpoints.Open(store, checkpoints.Options{})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(t.TempDir(), "rubato.yaml")
	put(t, text, []byte("seed: 1\n"))
	for _, path := range []string{store, text} {
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := OpenOrRecover(path, Options{MaxBytes: MinBytes}); !errors.Is(err, boltfile.ErrForeign) {
			t.Errorf("%s: %v", path, err)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) {
			t.Errorf("%s was changed: %v", path, err)
		}
	}
}

func TestFullDiskDegradesTheJournalAndLosesNothing(t *testing.T) {
	if !fulldisk.Alone(t) {
		return
	}
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, path, Options{MaxBytes: 16 << 20})
	fill(t, j, 1, 100)
	restore := fulldisk.Limit(t, uint64(fileBytes(t, j)))
	for n := uint64(101); n <= 9000; n++ {
		appendRecord(j, sample(n))
		if n%3000 == 0 {
			if err := j.Flush(); err == nil {
				restore()
				t.Fatal("a flush beyond the disk's size succeeded")
			}
		}
	}
	restore()
	if n := j.Dropped(); n != 0 {
		t.Fatalf("%d records were dropped", n)
	}
	flush(t, j)
	seqs, err := check(t, j, 1)
	if err != nil {
		t.Fatal(err)
	}
	wantRange(t, seqs, 1, 9000)
	closed(t, j)
}

func TestLongFullDiskLeavesACountedGap(t *testing.T) {
	if !fulldisk.Alone(t) {
		return
	}
	path := filepath.Join(t.TempDir(), "journal.db")
	j := open(t, path, Options{MaxBytes: 16 << 20, MaxBuffer: 1 << 20})
	fill(t, j, 1, 100)
	restore := fulldisk.Limit(t, 1)
	for n := uint64(101); n <= 5000; n++ {
		appendRecord(j, sample(n))
		if n%500 == 0 {
			if err := j.Flush(); err == nil {
				restore()
				t.Fatal("a flush beyond the disk's size succeeded")
			}
		}
	}
	restore()
	flush(t, j)
	dropped := j.Dropped()
	seqs, err := check(t, j, 1)
	if err != nil {
		t.Fatal(err)
	}
	if dropped == 0 || uint64(len(seqs))+dropped != 5000 || seqs[99] != 100 || seqs[100] == 101 || seqs[len(seqs)-1] != 5000 {
		t.Fatalf("%d records dropped, %d read", dropped, len(seqs))
	}
	closed(t, j)
}
