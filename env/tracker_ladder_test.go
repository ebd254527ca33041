package env

import (
	"testing"
	"time"
)

func TestTrackerStaysOnTheLadder(t *testing.T) {
	k := started(t)
	if k.Rung() != 2 || k.Tick(0, 0).Observation.Interval != 2 {
		t.Fatalf("rung %d", k.Rung())
	}
	k.SetRung(1)
	k.Applied(500 * time.Millisecond)
	tick := k.Tick(seconds(1), 0)
	o := tick.Observation
	if tick.Cost.Switch != 1 || o.Interval != 0.5 || o.Shorter != 0.125 || o.Longer != 2 {
		t.Errorf("%+v", tick)
	}
	k.SetRung(-5)
	if k.Rung() != 0 || k.Mask() != (Mask{false, true, true}) {
		t.Errorf("rung %d, mask %v", k.Rung(), k.Mask())
	}
	wide := settings(t)
	wide.Ladder, _ = NewLadder(100*time.Millisecond, 20*time.Second)
	k.Configure(wide, 2*time.Second)
	if got := wide.Ladder.Interval(k.Rung()); got != 100*time.Millisecond {
		t.Errorf("from 125 ms to %v", got)
	}
}

func TestAWaitThatOutlastedItsRungIsHeldAsLongAsItLasted(t *testing.T) {
	k := started(t)
	k.TriggerStart(seconds(1), 0)
	k.SetRung(1) // 0.5 s
	if got := k.Command(seconds(3)); got != 500*time.Millisecond {
		t.Errorf("in a batch: %v", got)
	}
	k.TriggerEnd(seconds(1.2), Empty, seconds(1.2), 0, 0, false)
	for _, c := range []struct {
		name       string
		at         float64
		rung       int
		want, seen time.Duration
	}{
		{"the rung is to come", 1.3, 1, 500 * time.Millisecond, 500 * time.Millisecond},
		{"it is due already", 1.9, 1, 500 * time.Millisecond, 500 * time.Millisecond},
		{"it was over when it was commanded", 1.9, 0, 900 * time.Millisecond, 125 * time.Millisecond},
		{"what holds is not changed", 2.5, 0, 900 * time.Millisecond, 125 * time.Millisecond},
		{"a longer one", 2.5, 2, 2 * time.Second, 2 * time.Second},
	} {
		k.SetRung(c.rung)
		if got := k.Command(seconds(c.at)); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		k.Applied(c.want)
		if got := k.Tick(seconds(c.at), 0).Observation.Interval; got != c.seen.Seconds() {
			t.Errorf("%s: seen as %v s, want %v", c.name, got, c.seen)
		}
	}
	k.SetRung(0)
	k.Command(seconds(4))
	k.Release()
	k.Applied(777 * time.Millisecond)
	if got := k.Tick(seconds(4), 0).Observation.Interval; got != 0.777 {
		t.Errorf("let go of: an interval of %v s", got)
	}
}
