package app

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"rubato/checkpoints"
	"rubato/checkpoints/boltfile"
	"rubato/env/spark"
	"rubato/internal/broker"
	"rubato/replay"
)

func learning(t *testing.T) string { return "mode: learn, artefact: " + artefact(t) }

func TestLearnRunOverTheWireReplaysByteForByte(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), learning(t))
	a := b.start()
	orders, carts := drive(t, b.addr, "shop/orders", "run-1"), drive(t, b.addr, "shop/carts", "run-2")
	orders.commanded(0)
	eventually(t, "learning, with updates on time and late", func() bool {
		orders.turns(40)
		carts.turns(40)
		l := learnerOf(a)
		return l.Updates >= 2 && l.Late >= 1
	})
	carts.commanded(0)
	a.Stop()
	for _, d := range []*driver{orders, carts} {
		eventually(t, "a release of "+d.key, func() bool { return d.last().Action == spark.ActionRelease })
	}
	v := b.verified()
	if v.Verified != b.decided() || v.Unverifiable != 0 || v.Checkpoints == 0 {
		t.Fatalf("%d steps were decided, found again: %+v", b.decided(), v)
	}
}

func TestStopReleasesEveryQueryAndCheckpointsTheLastInput(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), "mode: serve, policy: waiting-cost")
	a := b.start()
	var drivers []*driver
	for i := range 5 {
		d := drive(t, b.addr, fmt.Sprintf("shop/q%d", i), fmt.Sprintf("run-%d", i))
		d.commanded(0)
		drivers = append(drivers, d)
	}
	a.Stop()
	a.Stop() // no more than once
	for _, d := range drivers {
		eventually(t, "a release of "+d.key, func() bool { return d.last().Action == spark.ActionRelease && d.last().LeaseMs == 0 })
	}
	if v, last := b.verified(), b.lastRecord(); v.Inputs == 0 || last == 0 {
		t.Fatalf("%+v of %d records", v, last)
	}
}

func TestKilledTunerResumesBitForBitAndCommandsNothingOfWhatItMissed(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), learning(t))
	cmd, lines := childProcess(t, "run", b.config)
	if !lines.Scan() {
		t.Fatal("the tuner did not come up")
	}
	d := drive(t, b.addr, "shop/orders", "run-1")
	first := d.commanded(0)
	d.turns(100)
	eventually(t, "a command after the burst", func() bool { return d.last().Seq > first.Seq })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	d.turns(30)
	missed := d.m.Seq

	a := b.start()
	eventually(t, "it has caught up", func() bool { return a.Ready() == nil })
	later := d.commanded(first.Epoch)
	a.Stop()
	for _, c := range d.heard() {
		if c.Epoch == later.Epoch && c.CauseSeq != nil && *c.CauseSeq <= missed {
			t.Fatalf("it commanded on message %d, which it had missed", *c.CauseSeq)
		}
	}
	for _, complaint := range []string{"replayed to other decisions", "is damaged", "metrics are missing"} {
		if b.logs.say(complaint) {
			t.Fatalf("it complains: %s", complaint)
		}
	}
	if !b.logs.say("resumed from a checkpoint") {
		t.Fatal("it did not resume")
	}
	b.verified()
}

func TestHeldQueryGoesBackAndIsCommandedAgainAfterItsRelease(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), "mode: serve, policy: waiting-cost")
	a := b.start()
	d := drive(t, b.addr, "shop/orders", "run-1")
	d.commanded(0)
	path := "/api/queries/shop%2Forders/"
	if code, body := ask(t, a, "POST", path+"hold"); code != 200 {
		t.Fatal(code, body)
	}
	eventually(t, "its release", func() bool { return d.last().Action == spark.ActionRelease })
	if code, body := ask(t, a, "GET", "/api/queries"); code != 200 || !strings.Contains(body, `"group":"all","mode":"serve","held":true`) {
		t.Fatalf("held, it is shown as %d %s", code, body)
	}
	held := d.last().Seq
	steps := b.decided()
	eventually(t, "twenty decisions while held", func() bool { d.turns(1); return b.decided() > steps+20 })
	if last := d.last(); last.Seq != held {
		t.Fatalf("commanded while held: %+v", last)
	}
	if code, body := ask(t, a, "POST", path+"release"); code != 200 {
		t.Fatal(code, body)
	}
	eventually(t, "a command", func() bool { d.turns(1); return d.last().LeaseMs > 0 })
	if code, body := ask(t, a, "POST", "/api/queries/nobody/hold"); code != 404 || !strings.Contains(body, "no such query") {
		t.Fatal(code, body)
	}
}

func TestLogTellsOnceThatAQueryComesIsManagedAndGoes(t *testing.T) {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), "mode: serve, policy: waiting-cost")
	a := b.start()
	d := drive(t, b.addr, "shop/orders", "run-1")
	eventually(t, "word of its management", func() bool { d.turns(1); return b.logs.say("query is managed") })
	d.send(d.terminated(now()))
	eventually(t, "word of its end", func() bool { return b.logs.say("query is gone") })
	a.Stop()
	for _, text := range []string{`"configured":"1s","group":"all","mode":"serve","message":"query is here"`, "query is managed", "query is gone"} {
		if n := strings.Count(b.logs.String(), text); n != 1 {
			t.Errorf("%q is told %d times", text, n)
		}
	}
}

// logged is what a tuner left that commanded a query.
func logged(t *testing.T) *bench {
	b := newBench(t, embedded(t, broker.Options{}).Addr(), rule)
	a := b.start()
	d := drive(t, b.addr, "shop/orders", "run-1")
	d.commanded(0)
	a.Stop()
	return b
}

// forged is a copy of the journal in which each record is replaced by those that
// the function returns.
func (b *bench) forged(records func(replay.Record) []replay.Record) (path string) {
	b.t.Helper()
	from, err := replay.Open(b.journal(), replay.Options{ReadOnly: true})
	if err != nil {
		b.t.Fatal(err)
	}
	path = filepath.Join(b.t.TempDir(), "forged.db")
	to, err := replay.Open(path, replay.Options{MaxBytes: replay.MinBytes})
	if err != nil {
		b.t.Fatal(err)
	}
	err = from.Iterate(1, func(r replay.Record) error {
		for _, x := range records(r) {
			if x.Input != nil {
				to.AppendInput(x.Input)
			} else {
				to.AppendStep(x.Step)
			}
		}
		return nil
	})
	if err := errors.Join(err, from.Close(), to.Close()); err != nil {
		b.t.Fatal(err)
	}
	return path
}

func TestVerifyFindsAStepThatWasAlteredRemovedOrAdded(t *testing.T) {
	b := logged(t)
	for name, c := range map[string]struct {
		first func(replay.Record) []replay.Record
		want  string
	}{
		"altered": {func(r replay.Record) []replay.Record {
			r.Step.Observation.Outstanding = math.Nextafter(r.Step.Observation.Outstanding, math.Inf(1))
			return []replay.Record{r}
		}, "step 1 of shop/orders"},
		"removed": {func(replay.Record) []replay.Record { return nil }, "was decided again but not logged"},
		"added":   {func(r replay.Record) []replay.Record { return []replay.Record{r, r} }, "was logged but not decided again"},
	} {
		t.Run(name, func(t *testing.T) {
			path := b.forged(func(r replay.Record) []replay.Record {
				if r.Step == nil || r.Step.Index != 1 {
					return []replay.Record{r}
				}
				return c.first(r)
			})
			v, err := Verify(t.Context(), path, b.checkpoints(), nil)
			if err != nil || v.Difference == nil || !strings.Contains(v.Difference.Error(), c.want) {
				t.Fatalf("%+v, %v", v, err)
			}
		})
	}
}

func TestVerifyForgivesStepsThatACrashKeptFromTheDisk(t *testing.T) {
	b := logged(t)
	crashed := false
	path := b.forged(func(r replay.Record) []replay.Record {
		if crashed = crashed || r.Step != nil; crashed {
			return nil
		}
		return []replay.Record{r}
	})
	v, err := Verify(t.Context(), path, b.checkpoints(), nil)
	if err != nil || v.Difference != nil || v.Inputs == 0 || !crashed {
		t.Fatalf("%+v, %v", v, err)
	}
}

func TestVerifySaysWhyNoCheckpointCouldBeRead(t *testing.T) {
	b := logged(t)
	file, err := bolt.Open(b.checkpoints(), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	spoilt := 0
	err = file.Update(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, k *bolt.Bucket) error {
			if !strings.HasPrefix(string(name), "ckpt/") {
				return nil
			}
			spoilt++
			return k.Put([]byte("value"), []byte("no checkpoint"))
		})
	})
	if err := errors.Join(err, file.Close()); err != nil || spoilt == 0 {
		t.Fatal(spoilt, err)
	}
	_, err = Verify(context.Background(), b.journal(), b.checkpoints(), nil)
	if !errors.Is(err, ErrNothing) || !errors.Is(err, boltfile.ErrDamaged) {
		t.Fatalf("got %v", err)
	}
}

func TestALearnRunLeavesATunersStoreAndAnotherJournalsAlone(t *testing.T) {
	b := logged(t)
	before := stateHashes(t, b.checkpoints())
	if _, err := Relearn(t.Context(), b.journal(), b.checkpoints(), 10, nil); !errors.Is(err, ErrOtherStore) {
		t.Fatalf("a tuner's store: %v", err)
	}
	if after := stateHashes(t, b.checkpoints()); !slices.Equal(after, before) {
		t.Fatalf("it held %q, and now %q", before, after)
	}
	own := b.checkpoints() + ".again"
	hash, err := Relearn(t.Context(), b.journal(), own, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Relearn(t.Context(), b.journal(), own, 10, nil); err != nil || again != hash {
		t.Fatalf("its own store: %s and %s, %v", hash, again, err)
	}
	other := logged(t)
	if _, err := Relearn(t.Context(), other.journal(), own, 10, nil); !errors.Is(err, ErrOtherStore) {
		t.Fatalf("another run's journal: %v", err)
	}
}

// stateHashes are those of the checkpoints that a store keeps.
func stateHashes(t *testing.T, path string) (hashes []string) {
	t.Helper()
	s, err := checkpoints.Open(path, checkpoints.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.List()
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		hashes = append(hashes, c.StateHash)
	}
	return hashes
}
