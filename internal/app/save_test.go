package app

import (
	"errors"
	"path/filepath"
	"testing"

	"rubato/checkpoints"
	"rubato/replay"
)

// checkpointed is a tuner at rest with some steps journalled in memory, which
// checkpoints into the store that is returned.
func checkpointed(t *testing.T, journal *replay.Journal) (*App, *checkpoints.Store) {
	t.Helper()
	store, err := checkpoints.Open(filepath.Join(t.TempDir(), "checkpoints.db"), checkpoints.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(store.Close(), journal.Close()); err != nil {
			t.Error(err)
		}
	})
	v := newVirtual(t, parsed(t, "groups: [{name: all, match: ['*'], "+rule+"}]"), journal, nil)
	v.live()
	v.add(pretend(t, "shop/orders", "run-1"))
	v.pass(20)
	if len(v.steps) == 0 {
		t.Fatal("nothing was decided")
	}
	return &App{journal: journal, store: store, core: v.core, at: v.at, saved: make(chan error, 1)}, store
}

func TestNoCheckpointIsAheadOfTheJournalOnDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	journal, err := replay.Open(path, replay.Options{MaxBytes: replay.MinBytes})
	if err != nil {
		t.Fatal(err)
	}
	a, store := checkpointed(t, journal)
	a.checkpoint()
	if err := <-a.saved; err != nil {
		t.Fatal(err)
	}
	c, _, err := store.Load()
	if err != nil || c.JournalSeq == 0 || c.JournalSeq != journal.Last() {
		t.Fatalf("the checkpoint stands at record %d of a journal of %d: %v", c.JournalSeq, journal.Last(), err)
	}
}

func TestAJournalThatCannotBeWrittenHoldsUpTheCheckpoint(t *testing.T) {
	path, _ := record(t, 1)
	journal, err := replay.Open(path, replay.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	a, store := checkpointed(t, journal)
	a.checkpoint()
	if err := <-a.saved; err == nil {
		t.Error("no error came of it")
	}
	if c, _, err := store.Load(); !errors.Is(err, checkpoints.ErrNone) {
		t.Fatalf("the checkpoint stands at record %d of a journal of %d: %v", c.JournalSeq, journal.Last(), err)
	}
}
