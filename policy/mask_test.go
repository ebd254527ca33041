package policy

import (
	"testing"

	"rubato/env"
)

// idle is a query with nothing outstanding, a second after its trigger began.
func idle() env.Observation {
	return env.Observation{Sighted: 1, SinceTrigger: 1, Period: 0.2, Shorter: 0.8, Interval: 1.6, Longer: 3.2}
}

var everything = env.Mask{true, true, true}

func TestNothingIsDoneOnlyToFindNothing(t *testing.T) {
	o := idle()
	if got, want := Sensible(&o, everything), (env.Mask{false, true, false}); got != want {
		t.Errorf("shortening triggers at once: mask %v, want %v", got, want)
	}
	o.Interval = 1.1
	if got, want := Sensible(&o, everything), (env.Mask{false, false, true}); got != want {
		t.Errorf("keeping triggers before the next tick: mask %v, want %v", got, want)
	}
	o.Outstanding, o.Floor = 3, 4
	if got, want := Sensible(&o, everything), (env.Mask{false, false, true}); got != want {
		t.Errorf("Spark would hold the data back: mask %v, want %v", got, want)
	}
}

func TestWhereDataWaitsOrIsNotSeenTheChoiceIsToTriggerOrToWait(t *testing.T) {
	waits := idle()
	waits.Outstanding = 3
	blind := idle()
	blind.Sighted = 0
	for name, o := range map[string]env.Observation{"data waits": waits, "blind": blind} {
		trigger, wait, either := Choices(&o, everything)
		if trigger != env.Shorten || wait != env.Keep || !either {
			t.Errorf("%s: %v or %v, %v", name, trigger, wait, either)
		}
		if got, want := Sensible(&o, everything), (env.Mask{true, true, false}); got != want {
			t.Errorf("%s: mask %v, want %v", name, got, want)
		}
	}
}

func TestWhereAllActionsDoTheSameThereIsNoChoice(t *testing.T) {
	due := idle()
	due.Outstanding, due.Interval, due.Longer = 3, 1.1, 1.15
	far := idle()
	far.Outstanding, far.Shorter = 3, 1.4
	for name, o := range map[string]env.Observation{"every rung is due": due, "none is": far} {
		if trigger, wait, either := Choices(&o, everything); either || trigger != wait || wait != env.Shorten {
			t.Errorf("%s: %v or %v, %v", name, trigger, wait, either)
		}
	}
	if got, want := Sensible(&due, env.Mask{false, true, true}), (env.Mask{false, true, false}); got != want {
		t.Errorf("at the bottom: mask %v, want %v", got, want)
	}
}
