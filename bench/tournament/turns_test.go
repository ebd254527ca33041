package tournament

import (
	"testing"
	"time"

	"rubato/policy/pretrained"
	"rubato/policy/rules"
)

// Two batches at once on one core end no sooner than one after the other, and the
// first of them far later. Queries that fill the core do well to take turns, which
// nobody tells them: they find out that they slow each other down.
func TestQueriesThatFillOneCoreTakeTurns(t *testing.T) {
	a, err := pretrained.Policy()
	if err != nil {
		t.Fatal(err)
	}
	waiting, ok := rules.Find(WaitingRule)
	if !ok {
		t.Fatalf("no rule %q", WaitingRule)
	}
	o := small(t, "steady", []string{"shared-2"}, []string{"latency", "balanced"}, nil)
	for _, w := range o.Weightings {
		b, cost := first(t, o, w, 15*time.Minute)
		served, err := newPolicyPlayer(a)
		if err != nil {
			t.Fatal(err)
		}
		rule, err := newRulePlayer(b, waiting, waiting.Values())
		if err != nil {
			t.Fatal(err)
		}
		ratio := cost(served, false) / cost(rule, false)
		t.Logf("%s: %.3f of the waiting-cost rule for each", w.Name, ratio)
		if ratio > 0.85 {
			t.Errorf("%s: %.3f of the waiting-cost rule for each, want 0.85 at most", w.Name, ratio)
		}
	}
}
