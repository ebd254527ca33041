package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rubato/internal/calibrate"
)

// The committed recordings are of real drivers; what was fitted to them stands
// beside them, and bench/simulator.md quotes it.
func TestTheCommittedRecordingsGiveTheCommittedFits(t *testing.T) {
	committed, err := filepath.Glob("*/*.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recordings {
		committed = append(committed, r.name+".jsonl.gz")
	}
	for _, path := range committed {
		runs, err := calibrate.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		results, err := calibrate.Fit(runs)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range results {
			for _, q := range d.Queries {
				if !q.Judged.Met() {
					t.Errorf("%s, query %s: the goals of a calibration are missed: %+v", path, q.Run.Query, q.Judged)
				}
			}
		}
		var got bytes.Buffer
		if err := calibrate.JSON(&got, results); err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(strings.TrimSuffix(path, ".jsonl.gz") + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s: the fit is not the committed one", path)
		}
	}
}
