package agent

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"rubato/env"
	"rubato/policy"
	"rubato/replay"
)

func state(t testing.TB, l *Loop) []byte {
	t.Helper()
	b, err := l.State()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// same tells whether two lists of steps are equal, bit for bit.
func same(a, b []replay.Step) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestTheSameTicksGiveTheSameBytes(t *testing.T) {
	ticks := stream(5, 1200)
	a, b := configured(t, one, learning(t)), configured(t, one, learning(t))
	if !same(play(a, ticks), play(b, ticks)) {
		t.Error("two runs took different steps")
	}
	if !bytes.Equal(state(t, a), state(t, b)) {
		t.Error("two runs ended in different states")
	}
	if a.Status()[0].Learner.Updates < 5 {
		t.Errorf("only %d updates", a.Status()[0].Learner.Updates)
	}
}

func TestARestoredLoopGoesOnAsIfNothingHadHappened(t *testing.T) {
	ticks := stream(6, 900)
	undisturbed := configured(t, one, learning(t))
	undisturbed.Hold("app/c")
	want := play(undisturbed, ticks)
	end := state(t, undisturbed)
	inFlight := 0
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 4))
		l := configured(t, one, learning(t))
		l.Hold("app/c")
		var steps []replay.Step
		rest := ticks
		for range 4 {
			n := rng.IntN(len(rest)/2 + 1)
			steps = append(steps, play(l, rest[:n])...)
			rest = rest[n:]
			if l.groups[0].learner.inFlight != nil {
				inFlight++
			}
			saved := state(t, l)
			l = configured(t, one, learning(t))
			if err := l.Restore(saved); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(saved, state(t, l)) {
				t.Fatalf("seed %d: what was restored is not what was saved", seed)
			}
		}
		if steps = append(steps, play(l, rest)...); !same(steps, want) {
			t.Fatalf("seed %d: other steps than undisturbed", seed)
		}
		if !bytes.Equal(state(t, l), end) {
			t.Fatalf("seed %d: another end than undisturbed", seed)
		}
	}
	if inFlight == 0 {
		t.Error("no update was ever in flight")
	}
}

func TestAGroupThatIsGoneForAWhileGoesOnWithWhatItLearnt(t *testing.T) {
	g := learning(t)
	other := GroupConfig{Name: "other", Mode: Observe, PolicyName: Learned, Artefact: fresh(t, 2)}
	l := configured(t, one, g)
	play(l, stream(1, 1000))
	before := l.Status()[0]
	l.queries["app/a"].tuned.shift = 0.7 // as learnt
	away := func(l *Loop) *Loop {
		if err := l.Configure([]GroupConfig{other}, one); err != nil {
			t.Fatal(err)
		}
		play(l, stream(2, 100))
		return l
	}
	back := func(l *Loop) []replay.Step {
		if err := l.Configure([]GroupConfig{g}, one); err != nil {
			t.Fatal(err)
		}
		if now := l.Status()[0]; now.Policy != before.Policy || *now.Learner != *before.Learner {
			t.Fatalf("was %+v, is %+v", before, now)
		}
		if shift := l.queries["app/a"].tuned.shift; shift != 0.7 {
			t.Errorf("learnt was a threshold moved by 0.7, it is back at %v", shift)
		}
		return play(l, stream(3, 1000))
	}
	saved := state(t, away(l))
	restored := configured(t, one, other)
	if err := restored.Restore(saved); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(saved, state(t, restored)) {
		t.Fatal("what was restored is not what was saved")
	}
	if !same(back(l), back(restored)) || !bytes.Equal(state(t, l), state(t, restored)) {
		t.Error("restored while its group was gone, it goes on otherwise")
	}
}

func TestOfGroupsThatAreGoneTheMostTaughtAreKept(t *testing.T) {
	var groups []GroupConfig
	for i := range mostGone + 2 {
		g := learning(t)
		g.Name = fmt.Sprintf("g%02d", i)
		groups = append(groups, g)
	}
	l := configured(t, func(env.QueryKey) int { return mostGone }, groups...)
	play(l, stream(1, 10))
	if err := l.Configure([]GroupConfig{learning(t)}, one); err != nil {
		t.Fatal(err)
	}
	if names := slices.Sorted(maps.Keys(l.gone)); len(names) != mostGone || names[mostGone-2] != "g14" || names[mostGone-1] != "g16" {
		t.Errorf("kept are %v", names)
	}
}

func TestAnUpdateTakesEffectExactlyAtItsStep(t *testing.T) {
	ticks := stream(7, 600)
	l := configured(t, one, learning(t))
	n := l.groups[0].learner
	due := uint64(0)
	id := n.net.ID()
	for i := range ticks {
		s, _ := l.Step(&ticks[i])
		if changed := s.Policy != id; changed != (n.steps == due) {
			t.Fatalf("step %d: policy changed is %v, an update was due at %d", n.steps, changed, due)
		}
		id = s.Policy
		if j := n.inFlight; j != nil && j.due != due {
			if due = j.due; due != n.steps+Delay {
				t.Fatalf("step %d launched an update due at %d", n.steps, due)
			}
		}
	}
	if n.status.Updates < 3 {
		t.Errorf("only %d updates", n.status.Updates)
	}
}

func TestWhatFailsInLearningChangesNothingAndIsTold(t *testing.T) {
	l := configured(t, one, learning(t))
	g, broken := l.groups[0], errors.New("broken")
	id, done := g.network().ID(), make(chan struct{})
	close(done)
	g.learner.inFlight = &job{done: done, out: outcome{err: broken}}
	g.learner.begin("all", nil)
	g.searcher.search = &search{done: done, err: broken}
	g.searcher.take(l, "all", &env.Tick{})
	s := l.Status()[0]
	if s.Learner.Failed != 1 || !errors.Is(s.Learner.Err, broken) || s.Learner.Updates != 0 || s.Policy != id {
		t.Errorf("a failed update: %+v", *s.Learner)
	}
	if s.Search.Failed != 1 || !errors.Is(s.Search.Err, broken) || s.Search.Moves != 0 {
		t.Errorf("a failed search: %+v", *s.Search)
	}
}

func TestALateUpdateReplaysFromTheJournal(t *testing.T) {
	ticks := stream(8, 1200)
	rng := rand.New(rand.NewPCG(1, 2))
	var journal []bool
	live := configured(t, one, learning(t))
	live.Late = func(group string, _ bool) bool {
		if group != "all" {
			t.Errorf("asked for group %q", group)
		}
		journal = append(journal, rng.IntN(3) == 0)
		return journal[len(journal)-1]
	}
	want := play(live, ticks)
	again := configured(t, one, learning(t))
	again.Late = func(string, bool) bool {
		answer := journal[0]
		journal = journal[1:]
		return answer
	}
	if !same(play(again, ticks), want) {
		t.Error("the replay took other steps")
	}
	if !bytes.Equal(state(t, live), state(t, again)) {
		t.Error("the replay ended in another state")
	}
	if st := live.Status()[0].Learner; st.Late == 0 || st.Updates == 0 || len(journal) != 0 {
		t.Errorf("%d late, %d updates, %d answers left", st.Late, st.Updates, len(journal))
	}
	prompt := configured(t, one, learning(t))
	if same(play(prompt, ticks), want) {
		t.Error("lateness changed nothing")
	}
}

func TestLateIsToldWhetherTheUpdateIsReady(t *testing.T) {
	l := configured(t, one, learning(t))
	n := l.groups[0].learner
	asked := 0
	l.Late = func(_ string, ready bool) bool {
		asked++
		<-n.inFlight.done // ready by the second time
		if asked == 2 && !ready {
			t.Error("an update that is done is called late")
		}
		return asked == 1
	}
	play(l, stream(9, 400))
	if asked < 2 {
		t.Errorf("asked %d times", asked)
	}
}

func TestADamagedStateIsRefused(t *testing.T) {
	l := configured(t, one, learning(t))
	play(l, stream(1, 500))
	good := state(t, l)
	for name, c := range map[string]struct {
		damage func(s string) string
		want   error
	}{
		"no JSON":       {func(s string) string { return s[:len(s)/2] }, ErrState},
		"no unit":       {func(s string) string { return strings.Replace(s, `"unit":`, `"once":`, 1) }, ErrState},
		"a short RNG":   {func(s string) string { return strings.Replace(s, `"rng":"`, `"rng":"AAAA`, 1) }, ErrState},
		"moments":       {func(s string) string { return strings.Replace(s, `"m":"`, `"m":"AAAA`, 1) }, ErrState},
		"another model": {func(s string) string { return strings.Replace(s, `"network":"`, `"network":"AAAA`, 1) }, policy.ErrFormat},
		"a chunk":       {func(s string) string { return strings.Replace(s, `"ring":"`, `"ring":"////`, 1) }, errChunk},
	} {
		t.Run(name, func(t *testing.T) {
			l := configured(t, one, learning(t))
			if err := l.Restore([]byte(c.damage(string(good)))); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if steps := play(l, stream(1, 5)); steps[0].Index != 1 {
				t.Error("a refused state left traces")
			}
		})
	}
}

func TestAClosedLoopLeavesNoGoroutine(t *testing.T) {
	l := NewLoop()
	if err := l.Configure([]GroupConfig{learning(t)}, one); err != nil {
		t.Fatal(err)
	}
	ticks := stream(1, 2000)
	for i := 0; l.groups[0].learner.inFlight == nil; i++ {
		l.Step(&ticks[i])
	}
	other := learning(t)
	other.Name = "other"
	if err := l.Configure([]GroupConfig{other}, one); err != nil { // closes the first
		t.Fatal(err)
	}
	for i := 0; l.groups[0].learner.inFlight == nil; i++ {
		l.Step(&ticks[i])
	}
	l.Close() // goleak in TestMain sees what is left
}

// FuzzDecodeChunks promises that no bytes make the decoder panic, and that what
// it accepts has one encoding.
func FuzzDecodeChunks(f *testing.F) {
	l := configured(f, one, learning(f))
	play(l, stream(1, 200))
	good := encodeChunks(l.groups[0].learner.ring[:2])
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, b []byte) {
		chunks, err := decodeChunks(b, env.NumFeatures)
		if err != nil {
			return
		}
		once := encodeChunks(chunks)
		again, err := decodeChunks(once, env.NumFeatures)
		if err != nil || !bytes.Equal(encodeChunks(again), once) {
			t.Fatalf("does not come back: %v", err)
		}
	})
}

func BenchmarkState(b *testing.B) {
	l := configured(b, one, learning(b))
	play(l, stream(1, 10000))
	var n int
	for b.Loop() {
		n = len(state(b, l))
	}
	b.ReportMetric(float64(n), "bytes")
}
