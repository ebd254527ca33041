package tournament

import (
	"testing"
	"time"

	"rubato/env"
	"rubato/env/sim"
	"rubato/policy/pretrained"
	"rubato/policy/rules"
)

// constant commands one interval for ever.
type constant time.Duration

func (c constant) act(s *sim.Sim, t *env.Tick) bool {
	s.Command(t.Query, time.Duration(c))
	return false
}

// first is a bout of the first source and kind, and what a player costs there.
func first(t *testing.T, o Options, w Weighting, length time.Duration) (*bout, func(p player, plain bool) float64) {
	t.Helper()
	b, err := newBout(Cell{Source: o.Sources[0], Kind: o.Kinds[0], Weighting: w}, 0, length)
	if err != nil {
		t.Fatal(err)
	}
	return b, func(p player, plain bool) float64 {
		out, err := b.play(p, plain)
		if err != nil {
			t.Fatal(err)
		}
		return rate(out.blocks)
	}
}

// Nothing can be told of a steady Poisson load but its rate: one interval is as
// good as any policy there, once it is known which.
func TestOnASteadyLoadTheShippedPolicyCostsWhatTheBestIntervalInHindsightDoes(t *testing.T) {
	a, err := pretrained.Policy()
	if err != nil {
		t.Fatal(err)
	}
	waiting, ok := rules.Find(WaitingRule)
	if !ok {
		t.Fatalf("no rule %q", WaitingRule)
	}
	o := small(t, "steady", []string{"light"}, []string{"latency", "balanced", "thrifty"}, nil)
	for _, w := range o.Weightings {
		b, cost := first(t, o, w, 10*time.Minute)
		served, err := newPolicyPlayer(a)
		if err != nil {
			t.Fatal(err)
		}
		policy := cost(served, false)
		best, at := policy*2, time.Duration(0)
		for d := 200 * time.Millisecond; d < 4*time.Second; d += d / 12 {
			if c := cost(constant(d), true); c < best {
				best, at = c, d
			}
		}
		rule, err := newRulePlayer(b, waiting, waiting.Values())
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.4f a second, %.4f of the best interval (%v); the waiting-cost rule %.4f of it",
			w.Name, policy, policy/best, at, cost(rule, true)/best)
		if policy > 1.01*best {
			t.Errorf("%s: the policy costs %.4f a second, an interval of %v %.4f", w.Name, policy, at, best)
		}
	}
}
