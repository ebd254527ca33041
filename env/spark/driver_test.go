package spark

import (
	"math"
	"slices"
	"testing"

	"rubato/env"
)

// together is a world in which the agents' queries share a driver. Each has run
// its warm-up: batches of 100 rows a second apart, the last of the first at 3 s,
// each query's 0.3 s after those of the one before it.
func together(t *testing.T, agents ...*agent) *world {
	t.Helper()
	w := newWorld(t)
	for n := range 4 {
		for i, x := range agents {
			if from := at(float64(n) + 0.3*float64(i)); n == 0 {
				w.feed(x.introduce(from, Source{Name: "rate"}))
			} else {
				w.feed(x.batch(from, 100)...)
			}
		}
	}
	return w
}

// ticked are the queries of the ticks, in order.
func ticked(ticks []env.Tick) (keys []env.QueryKey) {
	for _, t := range ticks {
		keys = append(keys, t.Query)
	}
	return keys
}

func TestQueriesOfOneDriverSeeEachOthersLoad(t *testing.T) {
	w, a, b := newWorld(t), newAgent(t, "k/a", "ra"), newAgent(t, "k/b", "rb")
	w.feed(a.started(at(0), SourceOptions{Subscribe: "orders"}), b.started(at(0.1), SourceOptions{Subscribe: "orders"}))
	w.feed(a.begin(at(1)), a.heartbeat(at(30)), b.heartbeat(at(30)))
	w.feed(tickAt(at(31)))
	if o := w.last().Observation; w.last().Query != "k/b" || o.DriverRunning != 1 || math.Abs(o.DriverBusy-0.63) > 0.02 {
		t.Errorf("%s sees %v running, %v busy; want k/b, 1 and 0.63", w.last().Query, o.DriverRunning, o.DriverBusy)
	}
	w.feed(a.progress(at(31.1), 1), a.end(at(31.1), OutcomeBatch), tickAt(at(31.2)))
	if o := w.last().Observation; o.DriverRunning != 0 || o.DriverQueries != 1 || o.DriverLeft != 0 {
		t.Errorf("after the batch %v running of %v others, %v s left", o.DriverRunning, o.DriverQueries, o.DriverLeft)
	}
	w.feed(a.begin(at(33)), tickAt(at(40)))
	if o := w.last().Observation; w.last().Query != "k/b" || math.Abs(o.DriverLeft-23.1) > 0.1 {
		t.Errorf("%s expects %v s left of a batch of 30.1 s, 7 s old", w.last().Query, o.DriverLeft)
	}
	state, forecasts := parts(t, w.Environment)
	w.Environment = New(options(t))
	if err := w.Restore(state, forecasts); err != nil {
		t.Fatal(err)
	}
	w.feed(tickAt(at(41)))
	if o := w.last().Observation; math.Abs(o.DriverLeft-22.1) > 0.1 || o.DriverQueries != 1 {
		t.Errorf("read back, %v s left among %v others", o.DriverLeft, o.DriverQueries)
	}
	w.feed(a.terminated(at(42)), tickAt(at(43)))
	if o := w.last().Observation; o.DriverLeft != 0 || o.DriverQueries != 0 || o.DriverRunning != 0 {
		t.Errorf("alone, %v s left of %v among %v others", o.DriverLeft, o.DriverRunning, o.DriverQueries)
	}
}

// When a batch ends that others waited for, the one that has waited longest is
// asked at once.
func TestTheEndOfABatchIsATickOfTheQueryThatHasWaitedLongest(t *testing.T) {
	a, b, c := newAgent(t, "k/a", "ra"), newAgent(t, "k/b", "rb"), newAgent(t, "k/c", "rc")
	w := together(t, a, b, c)
	w.act = func(t env.Tick) int { return int(t.Observation.Rung) }
	w.feed(tickAt(at(5)), a.begin(at(6)))
	w.feed(b.batch(at(7), 100)...)
	n := len(w.ticks)
	w.feed(a.progress(at(8), 100), a.end(at(8), OutcomeBatch))
	told := ticked(w.ticks[n:])
	if !slices.Equal(told, []env.QueryKey{"k/a", "k/c"}) {
		t.Fatalf("the end of a's batch was a tick of %v", told)
	}
	for i, want := range []float64{1, 0} { // their triggers began at 6 and 3.6 s, b's at 7
		if o := w.ticks[n+i].Observation; o.DriverBefore != want {
			t.Errorf("%s has %v before it, want %v", w.ticks[n+i].Query, o.DriverBefore, want)
		}
	}
}

// The trigger that it was told to begin is on its way: told so again it would be
// one rung further down, and could not wait after that trigger's batch.
func TestAQueryThatHasJustBeenAskedIsNotAskedAgainAtOnce(t *testing.T) {
	a, b := newAgent(t, "k/a", "ra"), newAgent(t, "k/b", "rb")
	w := together(t, a, b)
	w.act = func(t env.Tick) int { return int(t.Observation.Rung) }
	w.feed(tickAt(at(5)))
	w.feed(a.batch(at(6), 300)...)
	asked, n := w.last(), len(w.ticks)
	w.feed(tickAt(asked.At.Add(0.02)))
	w.feed(tickAt(asked.At.Add(0.22)))
	told := ticked(w.ticks[n:])
	if asked.Query != "k/b" || !slices.Equal(told, []env.QueryKey{"k/a", "k/a", "k/b"}) {
		t.Errorf("after %s was asked two periods were ticks of %v", asked.Query, told)
	}
}

// It would never trigger for being asked.
func TestAQueryThatIsOnlyObservedIsNotWaitedFor(t *testing.T) {
	a, b := newAgent(t, "k/a", "ra"), newAgent(t, "k/b", "rb")
	w := together(t, a, b)
	n := len(w.ticks)
	w.feed(a.batch(at(9), 600)...)
	if told := w.ticks[n:]; len(told) != 1 || told[0].Query != "k/a" || told[0].Observation.DriverBefore != 0 {
		t.Errorf("the end of a's batch was %d ticks, the first %+v", len(told), told[0])
	}
}
