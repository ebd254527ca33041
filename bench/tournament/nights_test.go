package tournament

import (
	"math/rand/v2"
	"testing"
	"time"

	"rubato/env"
	"rubato/env/sim"
	"rubato/policy/pretrained"
)

// night is a load of a hundred events a second that ceases for good after five
// minutes.
type night struct{ second int }

func (n *night) Next(*rand.Rand) float64 {
	n.second++
	if n.second <= 300 {
		return 100
	}
	return 0
}

// Where end offsets are not seen, nothing but a trigger tells that a load is back.
// The longer it stays away, the less that is worth.
func TestABlindQueryIsAskedEverLessOftenThroughTheNight(t *testing.T) {
	a, err := pretrained.Policy()
	if err != nil {
		t.Fatal(err)
	}
	o := small(t, "steady", []string{"blind"}, []string{"latency", "balanced", "thrifty"}, nil)
	o.Sources = []Source{{Name: "night", cut: func(_ draw, length time.Duration, rate float64) (window, error) {
		return window{length: length, load: func() sim.Load { return &night{} }, reference: rate}, nil
	}}}
	for _, w := range o.Weightings {
		b, cost := first(t, o, w, 2*time.Hour)
		var early, late int
		b.driver.Queries[0].OnTrigger = func(x sim.Trigger) {
			switch since := x.Start.Sub(0) - 300; {
			case x.Outcome != env.Empty:
			case since > 60 && since <= 660:
				early++
			case since > 6000 && since <= 6600:
				late++
			}
		}
		p, err := newPolicyPlayer(a)
		if err != nil {
			t.Fatal(err)
		}
		cost(p, false)
		t.Logf("%s: %d empty triggers in ten minutes after a minute, %d after a hundred", w.Name, early, late)
		if late*2 > early {
			t.Errorf("%s: %d empty triggers in ten minutes early in the night, %d late", w.Name, early, late)
		}
		if late < 10 {
			t.Errorf("%s: %d triggers in ten minutes would find the morning late", w.Name, late)
		}
	}
}
