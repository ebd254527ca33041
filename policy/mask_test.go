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
	far := idle()
	far.Outstanding, far.Shorter = 3, 1.4
	if trigger, wait, either := Choices(&far, everything); either || trigger != wait || wait != env.Shorten {
		t.Errorf("%v or %v, %v", trigger, wait, either)
	}
}

func TestWhereEveryRungIsDueThereIsAWayBackUp(t *testing.T) {
	due := idle()
	due.Outstanding, due.Interval, due.Longer = 3, 1.1, 1.15
	for mask, want := range map[env.Mask][2]env.Action{
		everything:          {env.Shorten, env.Lengthen},
		{false, true, true}: {env.Keep, env.Lengthen},
		{true, true, false}: {env.Shorten, env.Keep},
	} {
		if trigger, wait, either := Choices(&due, mask); trigger != want[0] || wait != want[1] || !either {
			t.Errorf("mask %v: %v or %v, %v, want %v", mask, trigger, wait, either, want)
		}
	}
}
