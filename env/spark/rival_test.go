package spark

import (
	"testing"

	"rubato/env"
)

func TestAQueryThatWasNotCommandedIsNotReleased(t *testing.T) {
	w, a := introduced(t)
	w.act = nil // only looked on
	w.feed(a.empty(at(7))...)
	w.ReleaseAll()
	w.feed(tickAt(at(7.2)), a.heartbeat(at(8)))
	if len(w.sent) != 0 {
		t.Errorf("sent %+v", w.sent)
	}
}

// A later tuner's command is obeyed instead of ours.
func rivalled(t *testing.T) (*world, *agent) {
	t.Helper()
	w, a := introduced(t)
	w.act = func(env.Tick) int { return 1 }
	w.feed(a.empty(at(7))...)
	if len(w.sent) != 1 || w.sent[0].Decision.Epoch != 1 {
		t.Fatalf("sent %+v", w.sent)
	}
	a.m.Applied = &Applied{Epoch: 77, Seq: 5, IntervalMs: 500, LeaseLeftMs: 8_000}
	w.feed(a.heartbeat(at(8)), tickAt(at(8.2)))
	return w, a
}

func TestAQueryIsLeftToALaterTunerAndSaysSo(t *testing.T) {
	w, a := rivalled(t)
	for s := 9.0; s < 30; s++ {
		w.feed(a.heartbeat(at(s)), tickAt(at(s+0.2)))
	}
	w.ReleaseAll()
	w.feed(tickAt(at(30)))
	if len(w.sent) != 1 {
		t.Errorf("sent %+v, which the agent refuses", w.sent[1:])
	}
	if s := w.Snapshot()[0]; s.State != "unmanaged" || s.Why != "another tuner commands it" || s.CommandedMs != 0 {
		t.Errorf("%+v", s)
	}
}

// lets is the agent once the later tuner has let go of the query.
var lets = map[string]*Applied{
	"released":         nil,
	"its lease is out": {Epoch: 77, Seq: 5, IntervalMs: 500},
}

// quiet lets seconds from from to to go by, in which the agent shows nothing else.
func quiet(w *world, a *agent, from, to float64) {
	for s := from; s < to; s++ {
		w.feed(a.heartbeat(at(s)), tickAt(at(s+0.2)))
	}
}

func TestAQueryThatALaterTunerLetsGoIsCommandedAgainALeaseLater(t *testing.T) {
	for name, left := range lets {
		t.Run(name, func(t *testing.T) {
			w, a := rivalled(t)
			a.m.Applied = left
			quiet(w, a, 9, 19)
			if len(w.sent) != 1 {
				t.Fatalf("within a lease: %+v", w.sent[1:])
			}
			before := len(w.ticks)
			w.feed(a.heartbeat(at(19)))
			w.feed(a.empty(at(19.5))...)
			w.feed(tickAt(at(19.7)), tickAt(at(19.9)))
			if len(w.sent) != 2 || w.sent[1].Decision.Epoch != 78 || w.sent[1].Decision.Action == ActionRelease {
				t.Fatalf("sent %+v", w.sent[1:])
			}
			if first := w.ticks[before]; first.Teaches || !w.ticks[before+1].Teaches {
				t.Errorf("what the other did is learnt from: %+v, %+v", first, w.ticks[before+1])
			}
			a.obey(w.sent[1], 9_900)
			w.feed(a.heartbeat(at(20)), tickAt(at(20.2)))
			if len(w.sent) != 2 {
				t.Errorf("sent again what holds: %+v", w.sent[2:])
			}
			w.ReleaseAll()
			w.feed(tickAt(at(20.4)))
			if last := w.sent[len(w.sent)-1].Decision; last.Action != ActionRelease || last.Epoch != 78 {
				t.Errorf("at the end: %+v", last)
			}
		})
	}
}

// The later tuner renews its command as soon as it hears of the driver again.
func TestAQueryIsLeftToALaterTunerWhoseLeaseRanOutWhileTheDriverWasSilent(t *testing.T) {
	w, a := rivalled(t)
	a.m.Applied = lets["its lease is out"]
	w.feed(a.heartbeat(at(30)), tickAt(at(30.2)))
	a.m.Applied = &Applied{Epoch: 77, Seq: 6, IntervalMs: 500, LeaseLeftMs: 9_000}
	quiet(w, a, 31, 45)
	if len(w.sent) != 1 {
		t.Errorf("sent %+v", w.sent[1:])
	}
}

// The agent remembers the newest epoch of a key, whichever run it was for.
func TestTheNextRunOfAQueryIsCommandedLaterThanAnotherTunerDidItsLast(t *testing.T) {
	for name, ended := range map[string]bool{"after it was taken back": true, "before": false} {
		t.Run(name, func(t *testing.T) {
			w, a := rivalled(t)
			next := 9.0
			if a.m.Applied = nil; ended {
				quiet(w, a, 9, 21)
				next = 21
			}
			taken := len(w.sent)
			w.feed(a.terminated(at(next)))
			a = newAgent(t, a.key, "run-2")
			w.feed(a.started(at(next+1), SourceOptions{Subscribe: "orders", Brokers: "b:1"}))
			w.feed(a.empty(at(next + 2))...)
			quiet(w, a, next+3, next+5)
			if !ended && len(w.sent) != taken {
				t.Fatalf("the other tuner was not given a lease to command it: %+v", w.sent[taken:])
			}
			quiet(w, a, next+5, next+14)
			if len(w.sent) == taken {
				t.Fatal("not commanded")
			}
			if d := w.sent[taken].Decision; d.Run != "run-2" || d.Epoch != 78 {
				t.Errorf("sent %+v, which the agent refuses", d)
			}
		})
	}
}
