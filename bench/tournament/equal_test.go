package tournament

import (
	"math"
	"testing"
	"time"
)

func TestNobodyHasLessLatencyAtEqualTriggersThanTheClairvoyant(t *testing.T) {
	e, err := equalTriggers(t.Context(), Options{Policy: untrained(t, 1), Seeds: 1, Length: 2 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if !(e.LimitLatencyS > 0) || e.LimitLatencyS > min(e.PolicyLatencyS, e.MeanLatencyS) {
		t.Errorf("the clairvoyant has %v s, the policy %v s and %s %v s", e.LimitLatencyS, e.PolicyLatencyS, e.Rule, e.MeanLatencyS)
	}
	if want := float64(e.PolicyLatencyS / e.MeanLatencyS); math.Abs(float64(e.LatencyRatio)-want) > 1e-9 {
		t.Errorf("the policy has %v of the rule's latency, want %v", e.LatencyRatio, want)
	}
}
