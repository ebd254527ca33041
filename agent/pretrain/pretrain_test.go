package pretrain

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rubato/env"
	"rubato/env/sim"
	"rubato/internal/fulldisk"
	"rubato/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// short is a pre-training of seconds.
func short(seed uint64) Config {
	return Config{Seed: seed, Rounds: 2, Scenes: 1, Samples: 6, Length: time.Minute, Judges: 1, JudgeEvery: 2, States: 300, Width: 8}
}

// silent is a Progress that stops the training after so many rounds.
type silent struct {
	stop   context.CancelFunc
	rounds int
}

func (s *silent) Scene(int, int, int) {}

func (s *silent) Round(r Round) {
	if s.stop != nil && r.Round == s.rounds {
		s.stop()
	}
}

func trained(t *testing.T, cfg Config, path string) []byte {
	t.Helper()
	a, rounds, err := Run(context.Background(), cfg, path, &silent{})
	if err != nil {
		t.Fatal(err)
	}
	if len(rounds) != cfg.Rounds+1 {
		t.Errorf("%d rounds, want %d and the start", len(rounds), cfg.Rounds)
	}
	b, err := a.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTheSameSeedTrainsTheSameBytes(t *testing.T) {
	one, again := trained(t, short(3), filepath.Join(t.TempDir(), "a")), trained(t, short(3), filepath.Join(t.TempDir(), "b"))
	if !bytes.Equal(one, again) {
		t.Error("two policies from one seed")
	}
	if bytes.Equal(one, trained(t, short(4), filepath.Join(t.TempDir(), "c"))) {
		t.Error("one policy from two seeds")
	}
}

// The shorter check of `make pretrain`: what this trains in seconds goes through
// all that the full training does. Where it changes on purpose, the policy that
// ships is to be trained again.
func TestAShortTrainingReproducesTheCommittedHash(t *testing.T) {
	a, _, err := Run(context.Background(), short(1), filepath.Join(t.TempDir(), "state"), &silent{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/short.id")
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Network.ID(); got != strings.TrimSpace(string(want)) {
		t.Errorf("trained %s, committed is %s", got, want)
	}
}

func TestAStoppedTrainingGoesOnToTheSameBytes(t *testing.T) {
	want := trained(t, short(3), filepath.Join(t.TempDir(), "whole"))
	path := filepath.Join(t.TempDir(), "state")
	ctx, cancel := context.WithCancel(context.Background())
	if _, _, err := Run(ctx, short(3), path, &silent{stop: cancel, rounds: 1}); !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped after a round: %v", err)
	}
	if got := trained(t, short(3), path); !bytes.Equal(got, want) {
		t.Error("it went another way after the stop")
	}
}

func TestAStateOfAnotherTrainingIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	trained(t, short(3), path)
	if _, _, err := Run(context.Background(), short(4), path, &silent{}); !errors.Is(err, ErrOtherState) {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(path, []byte(`{"config":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Run(context.Background(), short(4), path, &silent{}); err == nil {
		t.Error("a cut state was taken")
	}
}

func TestAStateThatCannotBeWrittenLeavesTheLastOne(t *testing.T) {
	if !fulldisk.Alone(t) {
		return
	}
	want := trained(t, short(3), filepath.Join(t.TempDir(), "whole"))
	folder := t.TempDir()
	path := filepath.Join(folder, "state")
	ctx, cancel := context.WithCancel(context.Background())
	if _, _, err := Run(ctx, short(3), path, &silent{stop: cancel, rounds: 1}); !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped after a round: %v", err)
	}
	last, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	restore := fulldisk.Limit(t, uint64(len(last)/2))
	_, _, err = Run(context.Background(), short(3), path, &silent{})
	restore()
	if !errors.Is(err, syscall.EFBIG) {
		t.Errorf("written where there is no room: %v", err)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, last) {
		t.Errorf("the last state is gone: %v", err)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 1 {
		t.Errorf("%d files are left: %v", len(files), err)
	}
	if got := trained(t, short(3), path); !bytes.Equal(got, want) {
		t.Error("it went another way after the disk was full")
	}
}

func untrained(t *testing.T) *policy.Network {
	t.Helper()
	l := short(1).layout()
	net, err := policy.NewNetwork(l, l.Initial(rand.New(rand.NewPCG(1, 1))))
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// Before the threshold it is better to wait, long past it to trigger: the
// advantages say so on the mean, although each is noisy.
func TestAdvantagesHaveTheSignThatTheRuleHas(t *testing.T) {
	net := untrained(t)
	c := newCollector(net, 5*time.Minute, 40)
	var early, late, before, past float64
	f := make([]float64, net.Layout().Inputs)
	for seed := range uint64(25) {
		samples, err := c.collect(Scene{Kind: sim.Sighted, Seed: seed, Typical: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range samples {
			for i, v := range x.features {
				f[i] = float64(v)
			}
			switch m := net.Margin(f, x.trigger, x.wait); {
			case m < -0.7:
				before += x.advantage
				early++
			case m > 0.7:
				past += x.advantage
				late++
			}
		}
	}
	if early < 50 || late < 50 || before >= 0 || past <= 0 {
		t.Errorf("%v states before the threshold, advantage of triggering %v in all; %v past it, %v", early, before, late, past)
	}
}

func TestForcedActionsAloneMakeTheDifference(t *testing.T) {
	net := untrained(t)
	d := Scene{Kind: sim.Shared, Seed: 5}.Driver(3 * time.Minute)
	s, err := sim.NewDriver(d)
	if err != nil {
		t.Fatal(err)
	}
	a, b := branch{sim: new(sim.Sim), queries: d.Queries}, branch{sim: new(sim.Sim), queries: d.Queries}
	starts, settled := make([]env.Time, len(d.Queries)), make([]bool, len(d.Queries))
	for range 50 {
		tick, ok := s.Next()
		if !ok {
			t.Fatal("no tick")
		}
		rung := argmax(net, &tick)
		q := index(d.Queries, tick.Query)
		a.begin(s, &tick, rung, starts)
		b.begin(s, &tick, rung, starts)
		if x := compare(net, &a, &b, q, settled); x != 0 {
			t.Fatalf("the same action is worth %v more than itself", x)
		}
		s.Act(tick.Query, rung)
	}
}
