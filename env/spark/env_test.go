package spark

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"rubato/env"
)

// origin is a tuner's clock, in 2027.
const origin = env.Time(1_800_000_000 * 1e9)

func at(seconds float64) env.Time { return origin.Add(seconds) }

// introduced is a world with one query that has run its warm-up: batches of
// 100 rows at 1, 3 and 5 s.
func introduced(t *testing.T) (*world, *agent) {
	t.Helper()
	w, a := newWorld(t), newAgent(t, "shop/orders", "r1")
	w.feed(a.started(at(0.5), SourceOptions{Subscribe: "orders", Brokers: "b:1"}))
	for i := range 3 {
		w.feed(a.batch(at(1+2*float64(i)), 100)...)
	}
	return w, a
}

func TestTicksFallAtEachTriggersEndAndInsideTheWaitOnly(t *testing.T) {
	w, a := introduced(t)
	if len(w.ticks) != 3 {
		t.Fatalf("%d ticks for 3 batches", len(w.ticks))
	}
	if end := w.last(); end.Cause != a.m.Seq || end.Query != "shop/orders" || end.Run != "r1" {
		t.Errorf("tick %+v: want the cause %d", end, a.m.Seq)
	}
	w.feed(tickAt(at(5.4)), tickAt(at(5.6)))
	if len(w.ticks) != 5 || w.last().Cause != 0 {
		t.Errorf("%d ticks after two periods of waiting, cause %d; want 5 and 0", len(w.ticks), w.last().Cause)
	}
	w.feed(a.begin(at(7)), tickAt(at(7.1)), tickAt(at(7.3)))
	if len(w.ticks) != 5 {
		t.Errorf("%d ticks inside a batch, want none", len(w.ticks)-5)
	}
	w.feed(a.progress(at(7.4), 50), a.end(at(7.4), OutcomeBatch))
	if len(w.ticks) != 6 || w.last().Cost.Batch != 1 {
		t.Errorf("%d ticks, last cost %+v; want one that counts a batch", len(w.ticks), w.last().Cost)
	}
	if len(w.errs) != 0 {
		t.Errorf("errors: %v", w.errs)
	}
}

func TestHoursOfSkewBetweenTheClocksChangeNothing(t *testing.T) {
	run := func(skew, wall int64) []env.Tick {
		w, a := newWorld(t), newAgent(t, "shop/orders", "r1")
		a.skew, a.wall = skew, wall
		w.feed(a.started(at(0.5), SourceOptions{Subscribe: "orders"}))
		for i := range 20 {
			from := 1 + 2*float64(i)
			w.feed(sampleAt(t, at(from-0.5), "b:1", int64(100*i)))
			w.feed(a.batch(at(from), 100)...)
			w.feed(tickAt(at(from + 1)))
		}
		return w.ticks
	}
	want := run(0, 0)
	for _, skew := range []int64{-5 * 3600e9, 5 * 3600e9, -int64(origin), 1e17} {
		if got := run(skew, -skew/3); !slices.Equal(got, want) {
			t.Errorf("with a skew of %v the ticks differ", time.Duration(skew))
		}
	}
	if o := want[len(want)-1].Observation; math.Abs(o.SinceTrigger-1) > 0.01 {
		t.Errorf("a second after the trigger's start it reads %v s", o.SinceTrigger)
	}
}

func TestGarbageIsCountedAndChangesNothing(t *testing.T) {
	w, _ := introduced(t)
	before := encode(t, w)
	good := newAgent(t, "k", "r").heartbeat(at(6))
	n := 0
	for _, bad := range []env.Input{
		{Value: nil, Key: "shop/orders"}, {Value: []byte("\xff\x00"), Key: "shop/orders"},
		{Value: good.Value[:40], Key: "shop/orders"}, {Value: []byte(strings.Repeat("9", MaxMessage+1)), Key: "shop/orders"},
		{Value: []byte(`{"v":1,"seq":"x"}`), Key: "shop/orders"},
		{Value: good.Value, Key: ""}, {Value: good.Value, Key: "\xff"}, {Value: good.Value, Key: strings.Repeat("k", maxKey+1)},
	} {
		bad.Kind = env.InputMessage
		w.feed(bad)
		n++
	}
	if got := refused(w, ErrMessage); got != n || len(w.errs) != n {
		t.Errorf("%d refused and %d told of %d", got, len(w.errs), n)
	}
	if after := encode(t, w); after != before {
		t.Errorf("the state changed:\n%s\n%s", before, after)
	}
	w.feed(env.Input{Kind: env.InputOffsets, At: at(6), Value: []byte(`{"v":1`)})
	if refused(w, ErrInput) != 1 {
		t.Errorf("a sample that does not parse is not told of: %v", w.errs)
	}
}

func TestSequencesThatGoBackAreSkipped(t *testing.T) {
	w, a := introduced(t)
	first, second := a.heartbeat(at(6)), a.heartbeat(at(7))
	w.feed(first, second)
	ticks := len(w.ticks)
	again := a.empty(at(8))
	w.feed(again...)
	w.feed(again...)
	w.feed(second, first)
	if refused(w, ErrBackward) != 4 || len(w.errs) != 4 || len(w.ticks) != ticks+1 {
		t.Errorf("%d ticks, refused %v; want 1 and 4", len(w.ticks)-ticks, w.errs)
	}
}

func TestLostMessagesLoseNoCountAndTeachNothing(t *testing.T) {
	w, a := introduced(t)
	w.feed(a.empty(at(7))...)
	if last := w.last(); !last.Teaches || last.Cost.Empty != 1 {
		t.Fatalf("before the loss: %+v", last)
	}
	for i := range 5 { // lost: five empty triggers and two batches
		a.empty(at(9 + float64(i)))
	}
	a.batch(at(15), 10)
	a.batch(at(16), 10)
	w.feed(a.empty(at(18))...)
	if got := w.last(); got.Teaches || got.Cost.Empty != 6 || got.Cost.Batch != 2 {
		t.Errorf("over the loss: teaches %v, cost %+v; want 6 empties and 2 batches that teach nothing", got.Teaches, got.Cost)
	}
	if got := w.Counts().Lost; got != 16 {
		t.Errorf("%d messages counted as lost, want 16", got)
	}
	w.feed(a.empty(at(20))...)
	if got := w.last(); !got.Teaches || got.Cost.Empty != 1 {
		t.Errorf("after the loss: %+v", got)
	}
}

func TestALostEndIsMadeUpFromTheNextMessage(t *testing.T) {
	for name, next := range map[string]func(*agent) []env.Input{
		"heartbeat":  func(a *agent) []env.Input { return []env.Input{a.heartbeat(at(8))} },
		"next start": func(a *agent) []env.Input { return a.empty(at(9)) },
	} {
		w, a := introduced(t)
		turn := a.batch(at(7), 70)
		w.feed(turn[0], turn[1]) // its end is lost
		w.feed(next(a)...)
		w.feed(tickAt(at(9.2)))
		if w.Snapshot()[0].State != PhaseWaiting {
			t.Errorf("%s: still %s", name, w.Snapshot()[0].State)
		}
		batches, r := 0.0, w.queries["shop/orders"].runs[0]
		for _, tick := range w.ticks[3:] {
			batches += tick.Cost.Batch
		}
		if batches != 1 || r.Ledger.Committed != 370 {
			t.Errorf("%s: %v batches, %v committed; want 1 and 370", name, batches, r.Ledger.Committed)
		}
	}
}

func TestProgressThatComesAfterTheEndStillCommits(t *testing.T) {
	w, a := introduced(t)
	start := a.begin(at(7))
	w.feed(start, a.end(at(7.1), OutcomeBatch), a.progress(at(7.2), 40))
	w.feed(a.empty(at(9))...)
	if l := w.queries["shop/orders"].runs[0].Ledger; l.Committed != 340 || l.Arrived != 340 {
		t.Errorf("committed %v of %v, want 340", l.Committed, l.Arrived)
	}
}

func TestARunThatIsGoneStaysGone(t *testing.T) {
	w, a := introduced(t)
	w.feed(a.terminated(at(6)))
	w.feed(a.batch(at(7), 10)...)
	w.feed(tickAt(at(8)))
	if len(w.ticks) != 3 || refused(w, ErrGone) != 3 || w.Snapshot()[0].State != "gone" {
		t.Errorf("%d ticks, refused %v, %+v", len(w.ticks), w.errs, w.Snapshot())
	}
}

func TestASilentRunIsStaleThenGone(t *testing.T) {
	w, _ := introduced(t)
	w.feed(tickAt(at(7)))
	if w.last().Stale {
		t.Error("stale 2 s after its last message")
	}
	w.feed(tickAt(at(8.5)))
	if !w.last().Stale {
		t.Error("not stale 3.3 s after its last message")
	}
	n := len(w.ticks)
	w.feed(tickAt(at(36)), tickAt(at(37)))
	if len(w.ticks) != n || w.Snapshot()[0].State != "gone" {
		t.Errorf("silent for three leases: %d more ticks, %s", len(w.ticks)-n, w.Snapshot()[0].State)
	}
}

func TestTwoLiveRunsUnderOneKeyAreBothLeftAlone(t *testing.T) {
	w, a := introduced(t)
	w.act = func(env.Tick) int { return 1 }
	w.feed(tickAt(at(6)))
	if len(w.sent) != 1 {
		t.Fatalf("sent %v", w.sent)
	}
	b := newAgent(t, a.key, "r2")
	w.feed(b.started(at(7), SourceOptions{Subscribe: "orders"}), a.heartbeat(at(7.5)))
	n := len(w.ticks)
	w.feed(a.empty(at(8))...)
	w.feed(b.empty(at(8.1))...)
	w.feed(tickAt(at(9)))
	if len(w.ticks) != n || w.Snapshot()[0].State != "contested" {
		t.Errorf("%d ticks, state %s", len(w.ticks)-n, w.Snapshot()[0].State)
	}
	last := w.sent[len(w.sent)-1].Decision
	if len(w.sent) != 2 || last.Action != ActionRelease || last.Run != "r1" || last.LeaseMs != 0 {
		t.Errorf("sent %+v, want the first run released once", w.sent[1:])
	}
	w.feed(a.terminated(at(10)))
	w.feed(tickAt(at(10.2)))
	if len(w.ticks) != n+1 || w.last().Run != "r2" {
		t.Errorf("with one left: %d ticks, last of %s", len(w.ticks)-n, w.last().Run)
	}
}

func TestARestartedQueryIsTakenUpAtOnceAndKeepsItsReference(t *testing.T) {
	w, a := introduced(t)
	w.feed(sampleAt(t, at(6), "b:1", 300))
	for i := range 10 {
		w.feed(sampleAt(t, at(7+float64(i)), "b:1", 300+int64(50*i)))
	}
	w.feed(tickAt(at(17)))
	want := w.last().Observation.Reference
	b := newAgent(t, a.key, "r2") // the first died without a word
	w.feed(b.started(at(18), SourceOptions{Subscribe: "orders"}))
	w.feed(b.empty(at(19))...)
	if got := w.last(); got.Run != "r2" || !got.First || got.Observation.Reference != want || want == 0 {
		t.Errorf("run %s, first %v, reference %v; want r2 with %v", got.Run, got.First, got.Observation.Reference, want)
	}
}

func TestOnlyQueriesThatMayBeManagedTick(t *testing.T) {
	for name, spoil := range map[string]func(*Message){
		"not manageable": func(m *Message) { m.Manageable = false },
		"hooks missing":  func(m *Message) { m.HooksActive = false },
		"another run":    func(m *Message) { m.Conflict = true },
		"not introduced": func(m *Message) { m.Type = Heartbeat },
	} {
		w, a := newWorld(t), newAgent(t, "k", "r")
		m := a.m
		m.Type, m.Manageable, m.HooksActive = Started, true, true
		spoil(&m)
		a.m.Conflict = m.Conflict
		w.feed(a.send(at(1), m))
		w.feed(a.empty(at(2))...)
		w.feed(tickAt(at(3)))
		s := w.Snapshot()[0]
		if len(w.ticks) != 0 || s.State != "unmanaged" || !strings.Contains(s.Why, name) {
			t.Errorf("%s: %d ticks, %s (%s)", name, len(w.ticks), s.State, s.Why)
		}
	}
	o := options(t)
	o.Resolve = func(env.QueryKey, time.Duration) (Resolved, bool) { return Resolved{}, false }
	w, a := newWorld(t), newAgent(t, "k", "r")
	w.Environment = New(o)
	w.feed(env.Input{Kind: env.InputCaughtUp}, a.started(at(1), SourceOptions{}), tickAt(at(2)))
	if len(w.ticks) != 0 || w.Snapshot()[0].Why != "in no group" {
		t.Errorf("in no group: %d ticks, %+v", len(w.ticks), w.Snapshot()[0])
	}
}

func TestDataHeldBackIsNotAnEmptyTrigger(t *testing.T) {
	w, a := newWorld(t), newAgent(t, "k", "r")
	w.feed(a.started(at(0.5), SourceOptions{Subscribe: "orders", MinOffsetsPerTrigger: "1000", MaxOffsetsPerTrigger: "5000"}))
	w.feed(sampleAt(t, at(0.6), "b:1", 100))
	a.offset = 100
	w.feed(a.batch(at(1), 0)...)
	w.feed(a.empty(at(3))...)
	if w.last().Cost.Empty != 1 {
		t.Errorf("with nothing there: cost %+v", w.last().Cost)
	}
	w.feed(sampleAt(t, at(4), "b:1", 400))
	w.feed(a.empty(at(5))...)
	if o := w.last().Observation; w.last().Cost.Empty != 0 || w.last().Cost.Batch != 0 || o.Floor != 1000 || o.Cap != 5000 || o.Outstanding < 299 {
		t.Errorf("with 300 held back: cost %+v, floor %v, cap %v, outstanding %v", w.last().Cost, o.Floor, o.Cap, o.Outstanding)
	}
}

func TestWithoutOffsetsArrivalsComeFromProgress(t *testing.T) {
	w, a := newWorld(t), newAgent(t, "k", "r")
	w.feed(a.introduce(at(0.5), Source{Name: "rate"}))
	for i := range 30 {
		from := at(1 + 2*float64(i))
		w.feed(a.begin(from), a.progressJSON(from+150e6, `{"numInputRows":200,"sources":[{"description":"RateStreamV2[rowsPerSecond=100]","startOffset":1,"endOffset":3,"numInputRows":200}]}`),
			a.end(from+150e6, OutcomeBatch))
	}
	if o := w.last().Observation; o.Sighted != 0 || math.Abs(o.R15-100) > 5 || math.Abs(o.Reference-100) > 10 {
		t.Errorf("sighted %v, rate %v, reference %v; want 0 and about 100/s", o.Sighted, o.R15, o.Reference)
	}
	if got := w.Wanted(); len(got) != 0 {
		t.Errorf("wants %v of brokers", got)
	}
}

func TestNothingTicksOrIsSentWhileCatchingUp(t *testing.T) {
	w, a := introduced(t)
	w.act = func(env.Tick) int { return 0 }
	n := len(w.ticks)
	w.feed(env.Input{At: at(6), Kind: env.InputStart, Value: []byte(`{"epoch":2}`)})
	for i := range 4 {
		w.feed(a.batch(at(7+2*float64(i)), 10)...)
		w.feed(tickAt(at(8 + 2*float64(i))))
	}
	if len(w.ticks) != n || len(w.sent) != 0 || w.s.Live {
		t.Errorf("%d ticks and %d commands while catching up", len(w.ticks)-n, len(w.sent))
	}
	w.feed(env.Input{At: at(15), Kind: env.InputCaughtUp}, tickAt(at(15.2)))
	if got := w.last(); len(w.ticks) != n+1 || got.Teaches || got.Cost.Batch != 4 {
		t.Errorf("then: %d ticks, teaches %v, cost %+v", len(w.ticks)-n, got.Teaches, got.Cost)
	}
	if len(w.sent) != 1 || w.sent[0].Decision.Epoch != 2 {
		t.Errorf("then sent %+v", w.sent)
	}
}

func TestStrangersCannotFillTheMemory(t *testing.T) {
	w := newWorld(t)
	for i := range maxRuns + 3 {
		w.feed(newAgent(t, "k", fmt.Sprint("r", i)).heartbeat(at(1)))
	}
	if got := len(w.queries["k"].runs); got != maxRuns || refused(w, ErrFull) != 3 {
		t.Errorf("%d runs held, refused %v", got, w.errs)
	}
	w.feed(tickAt(at(40)), tickAt(at(80)))
	if len(w.queries) != 0 || len(w.keys) != 0 {
		t.Errorf("%d queries kept after a silence", len(w.queries))
	}
}

func TestABatchThatItsOwnProgressCountsAlreadyIsBookedOnce(t *testing.T) {
	w := newWorld(t)
	a := newAgent(t, "shop/orders", "r1")
	w.feed(a.started(0, SourceOptions{Subscribe: "orders"}))
	for i := range 6 {
		at := env.Time(i) * 2e9
		w.feed(sampleAt(t, at, "b:1", int64(100*(i+1))))
		w.feed(a.begin(at), a.heartbeat(at+50e6), a.progress(at+150e6, 100), a.heartbeat(at+150e6), a.end(at+151e6, OutcomeBatch))
	}
	batches := 0.0
	for i, tick := range w.ticks {
		batches += tick.Cost.Batch
		if i > 0 && tick.Observation.BatchLast < 0.1 {
			t.Fatalf("tick %d saw a last batch of %v s, want about 0.15", i, tick.Observation.BatchLast)
		}
	}
	if batches != 5 { // all but the one before the first tick
		t.Fatalf("%v batches were booked for 5", batches)
	}
}
