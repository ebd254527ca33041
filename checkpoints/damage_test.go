package checkpoints

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	bolt "go.etcd.io/bbolt"

	"rubato/checkpoints/boltfile"
	"rubato/internal/fulldisk"
)

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func put(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "checkpoints.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFlippedCheckpointIsNamedAndTheOneBeforeIsUsed(t *testing.T) {
	data := read(t, saved(t, 3))
	// A value: the state of checkpoint 3 is in the file once.
	state := sample(3).State
	at := bytes.Index(data, state)
	if at < 0 {
		t.Fatal("checkpoint 3 is not in the file")
	}
	data[at+len(state)/2] ^= 1
	s := open(t, put(t, data), Options{})
	wantWithoutThird(t, s)
	if infos, err := s.List(); err != nil || len(infos) != 3 || infos[2].Err == nil || infos[1].Err != nil {
		t.Fatal(infos, err)
	}
	next := sample(4)
	if err := s.Save(&next); err != nil || next.Seq != 4 {
		t.Fatalf("saved as %d: %v", next.Seq, err)
	}
	closed(t, s)
}

// wantWithoutThird wants the third and latest checkpoint named as damaged, and the
// second loaded.
func wantWithoutThird(t *testing.T, s *Store) {
	t.Helper()
	c, damages, err := s.Load()
	if err != nil || len(damages) != 1 || damages[0].Seq != 3 || !errors.Is(damages[0], boltfile.ErrDamaged) {
		t.Fatal(damages, err)
	}
	wantSample(t, c, 2)
	if d := s.Verify(); len(d) != 1 || d[0].Seq != 3 {
		t.Fatal(d)
	}
}

func TestALatestCheckpointThatIsMissingIsNamedAndItsNumberIsNotGivenOutAgain(t *testing.T) {
	s := open(t, saved(t, 3), Options{})
	if err := s.file.Update(func(tx *bolt.Tx) error { return tx.DeleteBucket(bucket(3)) }); err != nil {
		t.Fatal(err)
	}
	wantWithoutThird(t, s)
	next := sample(4)
	if err := s.Save(&next); err != nil || next.Seq != 4 {
		t.Fatalf("saved as %d: %v", next.Seq, err)
	}
	closed(t, s)
}

func TestAFlippedSchemaIsDamageAndNoOtherVersion(t *testing.T) {
	c := sample(1)
	b, err := encode(&c)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 32 {
		flipped := bytes.Clone(b)
		flipped[len(magic)+i/8] ^= 1 << (i % 8)
		if _, _, err := decode(flipped); err == nil || errors.Is(err, ErrNewer) || errors.Is(err, ErrOlder) {
			t.Errorf("bit %d: %v", i, err)
		}
	}
}

func TestACheckpointThatIsInTheFileTwiceIsSalvagedOnce(t *testing.T) {
	var data []byte
	for _, n := range []int{1, 2, 2} {
		c := sample(n)
		c.Seq = uint64(n)
		b, err := encode(&c)
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, b...)
	}
	found := salvage(data, 2)
	if len(found) != 2 {
		t.Fatalf("found %d", len(found))
	}
	for i, c := range found {
		wantSample(t, c, i+1)
	}
}

func TestAnyFlippedBitLeavesACheckpointAndIsNamed(t *testing.T) {
	path := saved(t, 5)
	data := read(t, path)
	rng := rand.New(rand.NewPCG(3, 3))
	meta := 2 * os.Getpagesize()
	for i := range 150 {
		at := rng.IntN(len(data))
		if i%3 == 0 { // the meta pages and the first pages of all
			at = rng.IntN(2 * meta)
		}
		bad := bytes.Clone(data)
		bad[at] ^= 1 << rng.IntN(8)
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		s, r, err := OpenOrRecover(path, Options{})
		if err != nil {
			t.Fatalf("bit in byte %d: %v", at, err)
		}
		c, damages, err := s.Load()
		if err != nil {
			t.Fatalf("bit in byte %d: %v, %v", at, damages, err)
		}
		if c.Seq < 5 && len(damages) == 0 && r == nil && at >= meta {
			t.Fatalf("bit in byte %d: fell back to %d and named nothing", at, c.Seq)
		}
		if c.Seq < 4 {
			t.Fatalf("bit in byte %d: fell back to %d", at, c.Seq)
		}
		wantSample(t, c, int(c.Seq))
		closed(t, s)
	}
}

func TestStoreCutShortIsMovedAsideAndSalvaged(t *testing.T) {
	data := read(t, saved(t, 5))
	for _, size := range []int{300_000, 200_000, 100_000} {
		path := put(t, data[:size])
		if _, err := Open(path, Options{ReadOnly: true}); !errors.Is(err, boltfile.ErrDamaged) {
			t.Fatalf("cut to %d bytes: %v", size, err)
		}
		s, r, err := OpenOrRecover(path, Options{})
		if err != nil || r == nil || !errors.Is(r.Damage, boltfile.ErrDamaged) {
			t.Fatalf("cut to %d bytes: %+v, %v", size, r, err)
		}
		if !bytes.Equal(read(t, r.Aside), data[:size]) {
			t.Fatal("the damaged file was not kept")
		}
		if len(r.Salvaged) > 0 {
			c, damages, err := s.Load()
			if err != nil || len(damages) != 0 || c.Seq != r.Salvaged[len(r.Salvaged)-1] {
				t.Fatal(damages, err)
			}
			wantSample(t, c, int(c.Seq))
		} else if size >= 200_000 { // each of the five takes 60 KB
			t.Fatalf("cut to %d bytes nothing was salvaged", size)
		}
		closed(t, s)
	}
}

func TestFileThatHoldsNothingIsNamedAndMovedAside(t *testing.T) {
	for name, data := range map[string][]byte{"empty": {}, "one byte": {0}, "zeros": make([]byte, 64<<10), "long zeros": make([]byte, 1<<20)} {
		path := put(t, data)
		for _, readOnly := range []bool{false, true} {
			if _, err := Open(path, Options{ReadOnly: readOnly}); !errors.Is(err, boltfile.ErrDamaged) {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if !bytes.Equal(read(t, path), data) {
			t.Fatalf("%s: Open changed the file", name)
		}
		s, r, err := OpenOrRecover(path, Options{})
		if err != nil || r == nil || len(r.Salvaged) != 0 || !bytes.Equal(read(t, r.Aside), data) {
			t.Fatalf("%s: %+v, %v", name, r, err)
		}
		c := sample(1)
		if err := s.Save(&c); err != nil {
			t.Fatal(err)
		}
		closed(t, s)
	}
}

func TestWhatIsNoStoreIsRefusedAndLeftAsItIs(t *testing.T) {
	foreign := map[string]string{
		"text": put(t, []byte("not a store\n")), "long text": put(t, bytes.Repeat([]byte("not a store\n"), 10_000)),
		"journal": bucketed(t, "records"), "another program's": bucketed(t, "meta", "members"),
	}
	for name, path := range foreign {
		before := read(t, path)
		if _, _, err := OpenOrRecover(path, Options{}); !errors.Is(err, boltfile.ErrForeign) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.Equal(read(t, path), before) {
			t.Errorf("%s: the file was changed", name)
		}
	}
	folder, pipe := t.TempDir(), filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{folder, pipe} {
		if _, _, err := OpenOrRecover(path, Options{}); !errors.Is(err, boltfile.ErrForeign) {
			t.Errorf("%s: %v", path, err)
		}
		if _, err := os.Lstat(path); err != nil {
			t.Error("it was moved away:", err)
		}
	}
}

// bucketed is a bbolt file that holds the buckets that are named.
func bucketed(t *testing.T, names ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bolt.db")
	f, err := boltfile.Open(path, boltfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = f.Update(func(tx *bolt.Tx) (err error) {
		for _, name := range names {
			_, e := tx.CreateBucket([]byte(name))
			err = errors.Join(err, e)
		}
		return err
	})
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMissingStoreForReadingIsAnErrorAndMakesNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoints.db")
	if _, err := Open(path, Options{ReadOnly: true}); !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatal("a file was made")
	}
}

func TestFullDiskFailsTheSaveAndKeepsTheCheckpoints(t *testing.T) {
	if !fulldisk.Alone(t) {
		return
	}
	path := saved(t, 2)
	s := open(t, path, Options{})
	big := sample(3)
	big.State = append(append([]byte(`"`), bytes.Repeat([]byte{'x'}, 3<<20)...), '"')

	restore := fulldisk.Limit(t, 1<<20)
	err := s.Save(&big)
	restore()
	if err == nil || big.Seq != 0 {
		t.Fatalf("saved as %d on a full disk", big.Seq)
	}
	c, damages, err := s.Load()
	if err != nil || len(damages) != 0 {
		t.Fatal(damages, err)
	}
	wantSample(t, c, 2)
	if err := s.Save(&big); err != nil || big.Seq != 3 {
		t.Fatalf("with room again, saved as %d: %v", big.Seq, err)
	}
	if d := s.Verify(); len(d) != 0 {
		t.Fatal(d)
	}
	closed(t, s)
}

func FuzzDecode(f *testing.F) {
	c := Checkpoint{Seq: 1, Positions: map[int32]int64{0: 1}, State: []byte(`{}`)}
	b, err := encode(&c)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		c, n, err := decode(b)
		if err == nil && (n > len(b) || len(c.State) > n) {
			t.Fatalf("%d bytes of %d", n, len(b))
		}
		// With the sum mended, the decoder behind it is reached.
		if len(b) > prefixSize+4 {
			copy(b, magic)
			le.PutUint32(b[8:], schema)
			le.PutUint64(b[12:], uint64(len(b)-prefixSize))
			sum := checksum(b)
			copy(b[sumAt:], sum[:])
			_, _, _ = decode(b)
		}
		salvage(b, 5)
	})
}
