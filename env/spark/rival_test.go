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

func TestAQueryThatALaterTunerLetsGoIsCommandedAgain(t *testing.T) {
	for name, left := range map[string]*Applied{
		"released":         nil,
		"its lease is out": {Epoch: 77, Seq: 5, IntervalMs: 500},
	} {
		t.Run(name, func(t *testing.T) {
			w, a := rivalled(t)
			a.m.Applied = left
			w.feed(a.heartbeat(at(9)))
			w.feed(a.empty(at(9.5))...)
			w.feed(tickAt(at(9.7)), tickAt(at(9.9)))
			if len(w.sent) != 2 || w.sent[1].Decision.Epoch != 78 || w.sent[1].Decision.Action == ActionRelease {
				t.Fatalf("sent %+v", w.sent[1:])
			}
			a.obey(w.sent[1], 9_900)
			w.feed(a.heartbeat(at(10)), tickAt(at(10.2)))
			if len(w.sent) != 2 {
				t.Errorf("sent again what holds: %+v", w.sent[2:])
			}
			w.ReleaseAll()
			w.feed(tickAt(at(10.4)))
			if last := w.sent[len(w.sent)-1].Decision; last.Action != ActionRelease || last.Epoch != 78 {
				t.Errorf("at the end: %+v", last)
			}
		})
	}
}
