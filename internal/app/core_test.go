package app

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rubato/env"
	"rubato/policy"
	"rubato/replay"
)

func ruled(t *testing.T) *virtual {
	t.Helper()
	v := newVirtual(t, parsed(t, "groups: [{name: all, match: ['*'], "+rule+"}]"), nil, nil)
	v.live()
	v.add(pretend(t, "shop/orders", "run-1"))
	v.pass(50)
	if len(v.commands) == 0 {
		t.Fatal("nothing is commanded")
	}
	return v
}

func TestStaleMetricsAreNotCommandedOn(t *testing.T) {
	v := ruled(t)
	silent := v.queries
	v.queries = nil
	v.pass(20) // 4 s: from 3 s on they are stale
	v.commands, v.steps = nil, nil
	v.pass(50)
	for _, c := range v.commands {
		t.Errorf("commanded on stale metrics: %+v", c.Decision)
	}
	for i := range v.steps {
		if s := &v.steps[i]; s.Action.Delta() != 0 {
			t.Fatalf("moved on stale metrics: %+v", s)
		}
	}
	v.queries = silent
	v.commands = nil
	v.pass(50)
	if len(v.commands) == 0 {
		t.Fatal("nothing is commanded once metrics come again")
	}
}

func TestDriversClockIsNeverComparedWithTheTuners(t *testing.T) {
	want := ruled(t)
	for name, skew := range map[string]int64{"behind": -1e18, "ahead": 1e18, "none": 0} {
		t.Run(name, func(t *testing.T) {
			v := newVirtual(t, parsed(t, "groups: [{name: all, match: ['*'], "+rule+"}]"), nil, nil)
			v.live()
			q := pretend(t, "shop/orders", "run-1")
			q.skew = skew
			v.add(q)
			v.pass(50)
			if len(v.steps) != len(want.steps) {
				t.Fatalf("%d steps, %d", len(v.steps), len(want.steps))
			}
			for i := range v.steps {
				if !sameStep(&v.steps[i], &want.steps[i]) {
					t.Fatalf("step %d differs: %+v, %+v", i, v.steps[i], want.steps[i])
				}
			}
		})
	}
}

func TestClockThatJumpsDoesNotStopCommands(t *testing.T) {
	for name, jump := range map[string]int64{"forward": 3600e9, "back": -3600e9} {
		t.Run(name, func(t *testing.T) {
			v := ruled(t)
			v.queries[0].skew += jump
			v.steps, v.commands = nil, nil
			v.pass(400)
			for i := range v.steps {
				if _, err := json.Marshal(&v.steps[i]); err != nil {
					t.Fatalf("step %d: %v", i, err)
				}
			}
			if len(v.steps) < 400 || len(v.commands) == 0 {
				t.Fatalf("%d steps and %d commands", len(v.steps), len(v.commands))
			}
		})
	}
}

func TestPolicyThatIsNoNumberCannotCommand(t *testing.T) {
	l := policy.Layout{Inputs: env.NumFeatures, Width: 32}
	weights := l.Initial(rand.New(rand.NewPCG(1, 1)))
	for i := range weights {
		weights[i] = math.Copysign(math.MaxFloat64, weights[i]) // finite, but its sums are not
	}
	n, err := policy.NewNetwork(l, weights)
	if err != nil {
		t.Fatal(err)
	}
	text, err := (&policy.Artefact{Network: n, ReturnScale: 1}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "mad.policy")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"serve", "learn"} {
		v := newVirtual(t, parsed(t, "groups: [{name: all, match: ['*'], mode: "+mode+", artefact: "+path+"}]"), nil, nil)
		v.live()
		v.add(pretend(t, "shop/orders", "run-1"))
		v.pass(100)
		var overruled int
		for i := range v.steps {
			s := &v.steps[i]
			if s.Verdict&policy.VerdictNaN != 0 {
				overruled++
			}
			if !s.Mask[s.Action] || !s.Probabilities.Valid(s.Mask) && s.Probabilities != (policy.Probabilities{}) {
				t.Fatalf("%s: %+v", mode, s)
			}
		}
		if overruled == 0 || len(v.commands) == 0 {
			t.Fatalf("%s: %d of %d steps overruled, %d commands", mode, overruled, len(v.steps), len(v.commands))
		}
	}
}

func TestRestoredCoreHasTheSameStateAndDecidesTheSame(t *testing.T) {
	journal, v := record(t, 120)
	state, err := v.core.State()
	if err != nil {
		t.Fatal(err)
	}
	j, err := replay.Open(journal, replay.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	var now *turn
	found := 0
	hooks := Hooks{
		Late: func(group string, step uint64, _ bool) bool { return now.late[lateKey{group, step}] },
		Step: func(s *replay.Step) {
			if !sameStep(s, &v.steps[s.Index-1]) {
				t.Fatalf("step %d differs", s.Index)
			}
			found++
		},
	}
	core, n := NewCore(hooks), 0
	err = eachTurn(j, 1, func(turn *turn) error {
		now = turn
		if n++; n%97 == 0 { // as a restart would
			saved, err := core.State()
			if err != nil {
				return err
			}
			core.Close()
			core = NewCore(hooks)
			if err := core.Restore(saved); err != nil {
				return err
			}
		}
		return core.Take(&turn.input)
	})
	defer core.Close()
	if err != nil {
		t.Fatal(err)
	}
	again, err := core.State()
	if err != nil || string(again) != string(state) || found != len(v.steps) {
		t.Fatalf("%d of %d steps found, states equal: %v, %v", found, len(v.steps), string(again) == string(state), err)
	}
}

func TestSettingsOfAGroupReachItsQueries(t *testing.T) {
	cfg := parsed(t, "groups: [{name: all, match: ['*'], target: 3s, grace: 5s, full_batch: 1000}]")
	r, ok := resolver(cfg)("shop/orders", 2*time.Second)
	if s := r.Settings; !ok || s.Target != 3*time.Second || s.Grace != 5*time.Second || s.FullBatch != 1000 || s.BatchPrice(1000) != 0.1 {
		t.Fatalf("%v: %+v", ok, r)
	}
}
