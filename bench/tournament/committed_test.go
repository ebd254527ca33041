package tournament

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"rubato/policy/pretrained"
	"rubato/policy/rules"
)

// committed are the results in bench/results that this repository can make again
// of the policy, the rules, the forecaster and the simulator that it has.
var committed = []struct {
	file              string
	kinds, weightings []string
	rivals            []string // none: every rule with tuned parameters
	seeds             int
	length            time.Duration
}{
	{"tournament.csv", []string{"blind", "shared-2"}, []string{"balanced"}, nil, 3, 20 * time.Minute},
	{"tournament.csv", []string{"light"}, []string{"target"}, nil, 3, 20 * time.Minute},
	{"tournament-full.csv", []string{"light"}, []string{"latency"}, []string{WaitingRule, "linear-threshold"}, 10, 0},
	{"tournament-few.csv", []string{"tiny"}, []string{"thrifty"}, []string{WaitingRule}, 10, 0},
	{"tournament-hindsight.csv", []string{"light"}, []string{"thrifty"}, []string{WaitingRule + "/hindsight"}, 3, 20 * time.Minute},
}

// Some cells of one trace stand for each table: a policy or a rule that was
// tuned anew, or a simulator that was changed, moves all of them.
func TestTheCommittedTablesAreOfThisPolicyAndTheseRules(t *testing.T) {
	shipped, err := pretrained.Policy()
	if err != nil {
		t.Fatal(err)
	}
	tuned, err := rules.Committed()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range committed {
		t.Run(c.file, func(t *testing.T) {
			rivals := c.rivals
			if rivals == nil {
				rivals = slices.Sorted(maps.Keys(tuned.Rules))
			}
			o := small(t, "bursts", c.kinds, c.weightings, rivals)
			o.Policy, o.Seeds, o.Length = shipped, c.seeds, c.length
			if o.Sources, err = Sources("../traces/aws_elb.csv", ""); err != nil {
				t.Fatal(err)
			}
			var played bytes.Buffer
			if err := play(t, o).WriteCSV(&played); err != nil {
				t.Fatal(err)
			}
			table, err := os.Open(filepath.Join("..", "results", c.file))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = table.Close() }()
			want := costs(t, csv.NewReader(table))
			for name, cost := range costs(t, csv.NewReader(&played)) {
				if want[name] != cost {
					t.Errorf("%v: committed %q, played now %q: the table is of another policy, other rules or another simulator", name, want[name], cost)
				}
			}
		})
	}
}

// costs are the cost rates of a table by trace, query, weights and rival.
func costs(t *testing.T, r *csv.Reader) map[[4]string]string {
	t.Helper()
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	found := map[[4]string]string{}
	for _, row := range rows[1:] {
		found[[4]string{row[0], row[1], row[2], row[4]}] = row[5]
	}
	return found
}

// What is said of the prior does not depend on who learns, nor for how long.
func TestTheCommittedAdaptationIsOfThisPolicyAndTheseRules(t *testing.T) {
	shipped, err := pretrained.Policy()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../results/adapt.json")
	if err != nil {
		t.Fatal(err)
	}
	var want Adaptation
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	shifts, err := Shifts()
	if err != nil {
		t.Fatal(err)
	}
	a, err := Adapt(t.Context(), AdaptOptions{
		Policy: shipped, Shifts: shifts[:1], Learners: Learners()[1:2], Seeds: want.Seeds, Length: 5 * time.Minute, Every: 5 * time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	told := func(policy string, s Adapted) string {
		s.Learners, s.PriorWorst = nil, 0 // of the hour in which they learn
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return policy + " " + string(text)
	}
	if is, was := told(a.Policy, a.Shifts[0]), told(want.Policy, want.Shifts[0]); is != was {
		t.Errorf("committed\n%s\nplayed now\n%s", was, is)
	}
}
