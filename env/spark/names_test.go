package spark

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// A checkpoint of an earlier version is read by its names: of a field that is
// renamed without its old name as a tag, nothing would be restored.
func TestWhatIsSavedKeepsItsNames(t *testing.T) {
	w, a := rivalled(t)
	w.feed(a.terminated(at(9)))
	next := newAgent(t, a.key, "r2")
	w.feed(next.started(at(10), SourceOptions{Subscribe: "orders", Brokers: "b:1"}))
	w.feed(next.batch(at(11), 10)...)
	w.feed(next.heartbeat(at(12)), sampleAt(t, at(12.5), "b:1", 1000))
	state, err := w.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	var saved any
	if err := json.Unmarshal(state, &saved); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	name(found, "", saved)
	text, err := os.ReadFile("testdata/saved.names")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Fields(string(text))
	for _, n := range slices.Sorted(maps.Keys(found)) {
		if !slices.Contains(want, n) {
			t.Errorf("%s is not in testdata/saved.names: a new field wants a line there, a renamed one its old name as a tag", n)
		}
	}
	for _, n := range want {
		if !found[n] {
			t.Errorf("%s was saved, and is no more", n)
		}
	}
}

// name collects the names in v, with those that lead to them.
func name(all map[string]bool, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for n, x := range v {
			all[at+"."+n] = true
			name(all, at+"."+n, x)
		}
	case []any:
		for _, x := range v {
			name(all, at, x)
		}
	}
}
