package checkpoints

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"rubato/checkpoints/boltfile"
	"rubato/env"
)

const childStore = "RUBATO_TEST_CHILD_STORE"

// TestMain lets the test binary be a process that saves until it is killed.
func TestMain(m *testing.M) {
	if path := os.Getenv(childStore); path != "" {
		saveForever(path)
	}
	goleak.VerifyTestMain(m)
}

func saveForever(path string) {
	s, err := Open(path, Options{})
	for err == nil {
		c := sample(0)
		if err = s.Save(&c); err == nil {
			fmt.Println(c.Seq)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// child starts that process and returns once it has saved n times.
func child(t *testing.T, path string, n int) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0]) //nolint:gosec // the test binary itself
	cmd.Env = append(os.Environ(), childStore+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); n > 0; n-- {
		if !lines.Scan() {
			t.Fatal("the child ended early")
		}
	}
	return cmd
}

func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
}

// sample is a checkpoint whose state, of about 60 KB, tells n.
func sample(n int) Checkpoint {
	state, err := AppendPart(nil, "loop", true, func(b []byte) ([]byte, error) { return fmt.Appendf(b, `{"n":%d}`, n), nil })
	if err == nil {
		state, err = AppendPart(state, "weights", false, func(b []byte) ([]byte, error) {
			return append(b, bytes.Repeat([]byte{byte(n), 1, 2}, 20000)...), nil
		})
	}
	if err != nil {
		panic(err)
	}
	return Checkpoint{JournalSeq: uint64(n * 100), At: env.Time(n * 1e9), Positions: map[int32]int64{0: int64(n), 11: 7},
		Meta: Meta{Steps: uint64(n), Policies: map[string]string{"*": "policy"}}, State: state}
}

func open(t *testing.T, path string, o Options) *Store {
	t.Helper()
	s, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closed(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// saved makes a store of checkpoints 1 to n and returns its path.
func saved(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store", "checkpoints.db")
	s := open(t, path, Options{})
	for i := 1; i <= n; i++ {
		c := sample(i)
		if err := s.Save(&c); err != nil || c.Seq != uint64(i) {
			t.Fatalf("saved as %d: %v", c.Seq, err)
		}
	}
	closed(t, s)
	return path
}

func wantSample(t *testing.T, c Checkpoint, n int) {
	t.Helper()
	want := sample(n)
	want.Seq = uint64(n)
	if !reflect.DeepEqual(c, want) {
		t.Fatalf("checkpoint %d came back as another (number %d)", n, c.Seq)
	}
}

func TestNewestCheckpointComesBackAndOldOnesArePruned(t *testing.T) {
	s := open(t, saved(t, 8), Options{})
	c, damages, err := s.Load()
	if err != nil || len(damages) != 0 {
		t.Fatal(damages, err)
	}
	wantSample(t, c, 8)
	infos, err := s.List()
	if err != nil || len(infos) != 5 || infos[0].Seq != 4 || infos[4].StateHash != c.StateHash() {
		t.Fatalf("%+v, %v", infos, err)
	}
	if d := s.Verify(); len(d) != 0 {
		t.Fatal(d)
	}
	if _, err := s.Get(3); !errors.Is(err, ErrNone) {
		t.Fatalf("a pruned checkpoint: %v", err)
	}
	closed(t, s)
}

func TestEmptyStoreHasNone(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "checkpoints.db"), Options{})
	if _, damages, err := s.Load(); !errors.Is(err, ErrNone) || len(damages) != 0 {
		t.Fatal(damages, err)
	}
	closed(t, s)
}

func TestEncodingIsCanonicalAndRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Checkpoint{
			Seq: rapid.Uint64().Draw(t, "seq"), JournalSeq: rapid.Uint64().Draw(t, "journal"),
			At:        env.Time(rapid.Int64().Draw(t, "at")),
			Positions: rapid.MapOfN(rapid.Int32(), rapid.Int64(), 1, 20).Draw(t, "positions"),
			State:     rapid.SliceOfN(rapid.Byte(), 1, 100).Draw(t, "state"),
		}
		b, err := encode(&c)
		if err != nil {
			t.Fatal(err)
		}
		got, n, err := decode(append(b, 1, 2, 3))
		if err != nil || n != len(b) || !reflect.DeepEqual(got, c) {
			t.Fatalf("%+v became %+v: %v", c, got, err)
		}
		again, err := encode(&got)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatal("encoded again it has other bytes")
		}
	})
}

func TestStateHashKnowsStateAndPositionsOnly(t *testing.T) {
	a, b := sample(1), sample(1)
	b.Seq, b.At, b.JournalSeq, b.Meta.Steps = 9, 9, 9, 9
	if a.StateHash() != b.StateHash() {
		t.Fatal("sequence, time or meta are in the hash")
	}
	b.Positions = map[int32]int64{0: 2, 11: 7}
	c := sample(1)
	c.State = append(c.State, ' ')
	if a.StateHash() == b.StateHash() || a.StateHash() == c.StateHash() {
		t.Fatal("positions or state are not in the hash")
	}
}

func TestExportIsOneJSONObject(t *testing.T) {
	s := open(t, saved(t, 2), Options{ReadOnly: true})
	var out bytes.Buffer
	if err := s.Export(2, &out); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Seq       uint64
		Time      string
		StateHash string
		Positions map[string]int64
		State     struct {
			Loop    struct{ N int }
			Weights []byte
		}
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := sample(2)
	if got.Seq != 2 || got.Time != "1970-01-01T00:00:02Z" || got.StateHash != want.StateHash() ||
		got.Positions["11"] != 7 || got.State.Loop.N != 2 || !bytes.HasSuffix(want.State, got.State.Weights) || len(got.State.Weights) != 60000 {
		t.Fatalf("%+v", got)
	}
	closed(t, s)
}

func TestSecondTunerOnOneStoreSaysWhoHoldsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoints.db")
	cmd := child(t, path, 1)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, readOnly := range []bool{false, true} {
		var held *boltfile.HeldError
		_, err := Open(path, Options{ReadOnly: readOnly})
		if !errors.As(err, &held) || held.Holder.PID != cmd.Process.Pid || held.Holder.Host != host || held.Holder.Since.IsZero() {
			t.Errorf("second open (read only %t): %v", readOnly, err)
		}
	}
	if _, r, err := OpenOrRecover(path, Options{}); err == nil || r != nil {
		t.Errorf("a held store was recovered: %+v, %v", r, err)
	}
	kill(t, cmd)
	closed(t, open(t, path, Options{})) // the note of the killed one holds nobody up
}

func TestKilledWhileSavingTheStoreIsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoints.db")
	for n := 1; n <= 12; n++ {
		kill(t, child(t, path, n))
		s, r, err := OpenOrRecover(path, Options{})
		if err != nil || r != nil {
			t.Fatalf("after the kill: %+v, %v", r, err)
		}
		if _, damages, err := s.Load(); err != nil || len(damages) != 0 {
			t.Fatal(damages, err)
		}
		if d := s.Verify(); len(d) != 0 {
			t.Fatal(d)
		}
		closed(t, s)
	}
}

func TestFailedSaveLeavesNoSequence(t *testing.T) {
	s := open(t, saved(t, 1), Options{ReadOnly: true})
	c := sample(2)
	if err := s.Save(&c); err == nil || c.Seq != 0 {
		t.Fatalf("saved as %d into a store open for reading: %v", c.Seq, err)
	}
	closed(t, s)
}

func TestCheckpointOfAnotherVersionIsNotCalledDamaged(t *testing.T) {
	for version, want := range map[uint32]error{schema + 1: ErrNewer, schema - 1: ErrOlder} {
		s := open(t, saved(t, 2), Options{})
		if err := s.file.Update(func(tx *bolt.Tx) error {
			value := bytes.Clone(stored(tx, 2))
			le.PutUint32(value[8:], version)
			sum := checksum(value)
			copy(value[sumAt:], sum[:])
			return tx.Bucket(bucket(2)).Put(keyValue, value)
		}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Load(); !errors.Is(err, want) || errors.Is(err, boltfile.ErrDamaged) {
			t.Fatalf("schema %d: got %v", version, err)
		}
		if d := s.Verify(); len(d) != 1 || strings.Contains(d[0].Error(), "damaged") || !strings.Contains(d[0].Error(), "checkpoint 2: saved by ") {
			t.Fatalf("schema %d: verified as %v", version, d)
		}
		closed(t, s)
	}
}

func TestTheNewestCheckpointIsReadWhileAnotherHoldsTheStore(t *testing.T) {
	path := saved(t, 3)
	empty := filepath.Join(t.TempDir(), "checkpoints.db")
	newest := func() {
		t.Helper()
		c, err := Newest(path)
		if err != nil {
			t.Fatal(err)
		}
		wantSample(t, c, 3)
	}
	newest()
	for _, path := range []string{path, empty} {
		defer closed(t, open(t, path, Options{}))
	}
	newest()
	var held *boltfile.HeldError
	if _, err := Newest(empty); !errors.Is(err, ErrNone) || !errors.As(err, &held) {
		t.Fatal(err)
	}
}

func TestPartsAreReadAsAppendedAndNothingElseIs(t *testing.T) {
	state := sample(7).State
	parts, err := Parts(state)
	if err != nil || len(parts) != 2 || parts[0].Name != "loop" || !parts[0].JSON || string(parts[0].Data) != `{"n":7}` ||
		parts[1].Name != "weights" || parts[1].JSON || len(parts[1].Data) != 60000 {
		t.Fatal(len(parts), err)
	}
	for n := 1; n < len(state); n += 1 + n/10 {
		if _, err := Parts(state[:n]); err == nil && n != len(state)-len(parts[1].Data)-len("weights")-6 {
			t.Fatalf("%d bytes of %d were taken", n, len(state))
		}
	}
	if _, err := Parts([]byte(`{"core":{}}`)); err == nil {
		t.Fatal("JSON was taken for parts")
	}
}

func BenchmarkSave5MB(b *testing.B) {
	s, err := Open(filepath.Join(b.TempDir(), "checkpoints.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	c := Checkpoint{State: bytes.Repeat([]byte("0123456789"), 500_000)}
	for b.Loop() {
		if err := s.Save(&c); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
