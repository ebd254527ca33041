package spark

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What was measured is in the .jsonl files; what is beside it, of the simulator,
// this repository makes again. Some rows stand for all.
func TestTheCommittedTablesAreThoseOfTheCommittedRuns(t *testing.T) {
	const results = "../results"
	for _, c := range []struct {
		csv, runs, job, trace string
		seed                  uint64
		policies              []string
	}{
		{"spark-windows.csv", "spark.jsonl", "windows", "bursty", 2, []string{"net-32ac084ea7ae"}},
		{"two-cores/spark.csv", "two-cores/spark.jsonl", "files", "idle", 12, nil},
	} {
		t.Run(c.csv, func(t *testing.T) {
			o := options("", c.trace)
			o.Length, o.Seeds, o.Job, o.Policies = 3*time.Minute, []uint64{c.seed}, c.job, c.policies
			o.Results = filepath.Join(results, c.runs)
			s, err := Summarise(o)
			if err != nil {
				t.Fatal(err)
			}
			var now bytes.Buffer
			if err := s.WriteCSV(&now); err != nil {
				t.Fatal(err)
			}
			committed, err := os.ReadFile(filepath.Join(results, c.csv))
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(now.String()) {
				if !bytes.Contains(committed, []byte(line)) {
					t.Errorf("not in the table, but of its runs and of the simulator as it is now: %s", line)
				}
			}
		})
	}
}
