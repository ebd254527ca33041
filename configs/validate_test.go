package configs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestStoresThatAreOneFileByAnotherNameAreRefused(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.Symlink(dir, "here"); err != nil {
		t.Fatal(err)
	}
	for _, journal := range []string{"./s.db", filepath.Join(dir, "s.db"), "here/s.db"} {
		_, err := load("rubato.yaml", []byte("store: {checkpoints: s.db, journal: "+journal+"}\n"), nil, known)
		if err == nil || !strings.Contains(err.Error(), "store.journal: is the same file as store.checkpoints") {
			t.Errorf("%s: %v", journal, err)
		}
	}
	parse(t, "store: {checkpoints: s.db, journal: here/j.db}\n")
}

func TestABrokerOfOnesOwnLeavesThePortOfTheEmbeddedOneFree(t *testing.T) {
	parse(t, "kafka: {brokers: [\"k:1\"], listen: \"127.0.0.1:8765\"}\n")
	parse(t, "kafka: {listen: \"127.0.0.1:0\"}\nhttp: {listen: \"127.0.0.1:0\"}\n")
}

func TestWhatWasInForceIsReadBackEvenWhereAFileWouldBeRefused(t *testing.T) {
	c := parse(t, "decision: {period: 5s}\n")
	c.Decision.Lease = c.Decision.Period
	effective, err := c.Effective()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(effective, known); err != nil {
		t.Error(err)
	}
	if _, err := load("rubato.yaml", effective, nil, known); err == nil {
		t.Error("a file of it is not refused")
	}
}

func TestAGroupThatNoQueryCanFallToIsWarnedOf(t *testing.T) {
	c := parse(t, `
groups:
  - {name: shop, match: ["shop/*"]}
  - {name: orders, match: ["shop/orders", "shop/o*"]}
  - {name: partly, match: ["shop/orders", "bills/*"]}
  - {name: again, match: ["bills/?"]}
  - {name: all, match: ["*"]}
`)
	want := []string{
		`group "orders" is never used: groups above it match all that it does`,
		`group "again" is never used: groups above it match all that it does`,
	}
	if !slices.Equal(c.Warnings, want) {
		t.Fatalf("%q", c.Warnings)
	}
}

func TestAPatternThatCoversAnotherMatchesAllThatItDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?]{0,5}`)
		one, other, text := pattern.Draw(t, "one"), pattern.Draw(t, "other"), rapid.StringMatching(`[ab]{0,6}`).Draw(t, "text")
		if covers(one, other) && glob(other, text) && !glob(one, text) {
			t.Fatalf("%q covers %q, and does not match %q", one, other, text)
		}
	})
}
