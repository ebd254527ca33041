package app

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"rubato/agent/judge"
	"rubato/checkpoints"
	"rubato/policy"
	"rubato/replay"
)

func TestAFrozenPolicyIsJudgedOnWhatCameAfterItAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j, err := replay.Open(path, replay.Options{MaxBytes: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	cfg := parsed(t, "groups: [{name: all, match: ['*'], mode: learn, artefact: "+artefact(t)+"}]")
	v := newVirtual(t, cfg, j, nil)
	v.live()
	v.add(pretend(t, "shop/orders", "run-1"))
	v.pass(12 * 60 * 5)
	if err := j.Flush(); err != nil {
		t.Fatal(err)
	}
	state, err := v.core.State()
	if err != nil {
		t.Fatal(err)
	}
	text, _, err := Freeze(&checkpoints.Checkpoint{Seq: 1, JournalSeq: j.Last(), State: state}, "all", "test")
	if err != nil {
		t.Fatal(err)
	}
	frozen, err := policy.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	o := JudgeOptions{Config: cfg, Journal: path, Contestants: []judge.Contestant{{Name: "own"}, {Name: "frozen", Policy: frozen}}}
	reopened := func() ([]judge.Judgement, error) {
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		all, err := Judge(t.Context(), o)
		if j, v.journal = nil, nil; err != nil {
			return nil, err
		}
		return all, nil
	}
	if _, err := reopened(); !errors.Is(err, ErrSeen) {
		t.Errorf("judged by what it had seen: %v", err)
	}
	if j, err = replay.Open(path, replay.Options{MaxBytes: 64 << 20}); err != nil {
		t.Fatal(err)
	}
	v.journal = j
	v.pass(11 * 60 * 5)
	all, err := reopened()
	if err != nil || len(all) != 1 || all[0].Seconds < 600 || all[0].Seconds > 661 {
		t.Errorf("%+v, %v", all, err)
	}
	// One that knows more leaves the other without a word, too.
	newer := *frozen
	newer.Provenance = map[string]string{"journal": "up to record 1000000000"}
	o.Contestants = []judge.Contestant{{Name: "own"}, {Name: "newer", Policy: &newer}, {Name: "frozen", Policy: frozen}}
	if _, err := Judge(t.Context(), o); !errors.Is(err, ErrSeen) {
		t.Errorf("judged by what its rival had seen: %v", err)
	}
	o.Group = "nobody"
	if _, err := Judge(t.Context(), o); !errors.Is(err, ErrNoGroup) || !strings.Contains(err.Error(), "it has all") {
		t.Errorf("a group that is none: %v", err)
	}
}
