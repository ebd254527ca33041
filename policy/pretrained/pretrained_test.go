package pretrained

import (
	"testing"

	"rubato/policy"
)

func TestTheShippedPolicyFitsThisBuild(t *testing.T) {
	a, err := Policy()
	if err != nil {
		t.Fatal(err)
	}
	if a.Network.Layout().Inputs != policy.DefaultLayout().Inputs {
		t.Errorf("made for %d features", a.Network.Layout().Inputs)
	}
	for _, key := range []string{"command", "commit", "seed"} {
		if a.Provenance[key] == "" {
			t.Errorf("its provenance does not tell the %s", key)
		}
	}
}
