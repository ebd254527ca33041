package policy

import (
	"testing"

	"rubato/env"
)

// idle is a query with nothing outstanding, a second after its trigger began.
func idle() env.Observation {
	return env.Observation{Sighted: 1, SinceTrigger: 1, Period: 0.2, Shorter: 0.8, Interval: 1.6, Longer: 3.2}
}

func TestNothingIsDoneOnlyToFindNothing(t *testing.T) {
	o := idle()
	if got, want := Sensible(&o, env.Mask{true, true, true}), (env.Mask{false, true, true}); got != want {
		t.Errorf("shortening triggers at once: mask %v, want %v", got, want)
	}
	o.Interval = 1.1
	if got, want := Sensible(&o, env.Mask{true, true, true}), (env.Mask{false, false, true}); got != want {
		t.Errorf("keeping triggers before the next tick: mask %v, want %v", got, want)
	}
}

func TestWhereEveryActionTriggersAllStay(t *testing.T) {
	o := idle()
	o.Interval, o.Longer = 1.1, 1.1
	mask := env.Mask{true, true, false}
	if got := Sensible(&o, mask); got != mask {
		t.Errorf("mask %v, want %v", got, mask)
	}
}

func TestDataThatWaitsOrIsNotSeenForbidsNothing(t *testing.T) {
	all := env.Mask{true, true, true}
	waits := idle()
	waits.Outstanding = 3
	blind := idle()
	blind.Sighted = 0
	for name, o := range map[string]env.Observation{"data waits": waits, "blind": blind} {
		if got := Sensible(&o, all); got != all {
			t.Errorf("%s: mask %v, want %v", name, got, all)
		}
	}
}
