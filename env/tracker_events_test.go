package env

import (
	"math"
	"testing"
)

// warmed is a tracker as started makes it, with its first batches behind it: it
// stands at 4 s, and 30 events were committed.
func warmed(t *testing.T) *Tracker {
	k := started(t)
	for i := range WarmupBatches {
		at := float64(i + 1)
		k.Arrived(seconds(at), 10*at, true)
		k.TriggerStart(seconds(at), 0)
		k.TriggerEnd(seconds(at+0.1), Batch, seconds(at+0.1), 10*at, 10, false)
		k.Tick(seconds(at+0.1), 0)
	}
	if k.Tick(seconds(4), 0); !k.Warmed() {
		t.Fatal("it is not warm")
	}
	return k
}

func TestATriggerThatWasNotSeenToEndTeachesNothing(t *testing.T) {
	for outcome, want := range map[Outcome]bool{Empty: true, Batch: true, HeldBack: true, Unknown: false} {
		k := warmed(t)
		k.TriggerStart(seconds(5), 0)
		k.TriggerEnd(seconds(5.1), outcome, seconds(5.1), 30, 0, false)
		if got := k.Tick(seconds(5.1), 0).Teaches; got != want {
			t.Errorf("outcome %d teaches: %v", outcome, got)
		}
		if !k.Tick(seconds(6), 0).Teaches {
			t.Errorf("outcome %d spoils the step after it", outcome)
		}
	}
	k := warmed(t)
	k.TriggerStart(seconds(5), 0)
	k.TriggerStart(seconds(6), 0)
	k.TriggerEnd(seconds(6.1), Empty, seconds(6.1), 30, 0, false)
	if k.Tick(seconds(6.1), 0).Teaches {
		t.Error("two triggers in one step, one of them without an end, and it teaches")
	}
}

func TestAQueryIsIdleSinceDataLastArrived(t *testing.T) {
	k := started(t)
	for _, c := range []struct{ at, total, idle float64 }{{2, 0, 2}, {3, 5, 0}, {4, 5, 1}, {7, 5, 4}, {8, 6, 0}} {
		k.Arrived(seconds(c.at), c.total, true)
		near(t, "idle", k.Tick(seconds(c.at), 0).Observation.Idle, c.idle)
	}
}

func TestTheShareOfEmptyTriggersIsSmoothedOverThem(t *testing.T) {
	k := started(t)
	near(t, "before the first", k.Tick(0, 0).Observation.EmptyShare, 0)
	at := 1.0
	for _, c := range []struct {
		outcome Outcome
		want    float64
	}{{Empty, 1}, {HeldBack, 1}, {Batch, 0.09 / 0.19}, {Empty, (0.081 + 0.1) / 0.271}} {
		k.TriggerStart(seconds(at), 0)
		k.TriggerEnd(seconds(at+0.1), c.outcome, seconds(at+0.1), 0, 0, false)
		near(t, "the share", k.Tick(seconds(at+0.1), 0).Observation.EmptyShare, c.want)
		at++
	}
}

func TestReferenceAndForecastTakeEachSecondOfTheClock(t *testing.T) {
	k := NewTracker("app/q", "run", &last{}, 0)
	k.Configure(settings(t), 0)
	k.Arrived(0, 0, true)
	k.Arrived(seconds(0.7), 7, true)
	if o := k.Tick(seconds(0.7), 0).Observation; o.Reference != 0 || o.Forecast[0] != 0 {
		t.Errorf("within the first second: reference %v, forecast %v", o.Reference, o.Forecast)
	}
	k.Arrived(seconds(2.3), 43, true) // 13.75 by 1 s, 36.25 by 2 s
	o := k.Tick(seconds(2.3), 0).Observation
	keep := math.Exp(-1. / referenceSpan)
	near(t, "reference", o.Reference, (13.75*keep+22.5)/(keep+1))
	near(t, "forecast", o.Forecast[0], 22.5)
}

func TestPressureIsWhatWaitingCostOnceAQueryCouldTrigger(t *testing.T) {
	k := started(t) // 10 a second, batches at 0.3
	near(t, "before its shortest interval", k.Pressure(seconds(0.1)), 0)
	k.Arrived(seconds(2), 20, true)
	near(t, "after it", k.Pressure(seconds(2)), 20/(0.3*k.s.Rates.Reference()))
	k.SetCaps(0, 25)
	near(t, "with what Spark holds back", k.Pressure(seconds(2)), 0)
	k.Arrived(seconds(3), 30, true)
	near(t, "with more than that", k.Pressure(seconds(3)), 45/(0.3*k.s.Rates.Reference()))
	k.TriggerStart(seconds(3), 0)
	near(t, "inside a trigger", k.Pressure(seconds(4)), 0)
}
