package pretrained

import (
	"bytes"
	"testing"

	"rubato/env"
)

func TestTheShippedPolicyFitsThisBuild(t *testing.T) {
	a, err := Policy()
	if err != nil {
		t.Fatal(err)
	}
	if a.Network.Layout().Inputs != env.NumFeatures {
		t.Errorf("made for %d features", a.Network.Layout().Inputs)
	}
	if b, err := a.Encode(); err != nil || !bytes.Equal(b, Bytes()) {
		t.Errorf("it does not encode to its own bytes: %v", err)
	}
	for _, key := range []string{"command", "commit", "seed"} {
		if a.Provenance[key] == "" {
			t.Errorf("its provenance does not tell the %s", key)
		}
	}
}
