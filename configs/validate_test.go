package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFieldsThatDoNotFitOneAnotherAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"decision: {period: 5s,\n  lease: 9s}\n": ":2: decision.lease: 9s is below twice decision.period (5s): ",
		"decision: {period: 5s}\n":               "",
	} {
		path := filepath.Join(t.TempDir(), "rubato.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadFile(path, known); (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), path+want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
