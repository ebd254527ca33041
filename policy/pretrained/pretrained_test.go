package pretrained

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
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

// A policy or a line that was made anew has other figures too.
func TestThePageBesideItTellsOfThisPolicyAndItsLine(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	line, err := os.ReadFile("../prior.json")
	if err != nil {
		t.Fatal(err)
	}
	a, err := Policy()
	if err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string]string{
		"network": a.Network.ID(), "line's hash": fmt.Sprintf("%x", sha256.Sum256(line)),
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the %s is %s, and not on the page", what, want)
		}
	}
}
