package main

import (
	"encoding/json"
	"strings"
	"testing"

	"rubato/agent/judge"
)

func TestAJudgementSaysWhatEachWouldCostAndWhyOneIsNotServed(t *testing.T) {
	all := []judge.Judgement{
		{
			Query: "shop/orders", Seconds: 4500, Windows: 5,
			Rows:   []judge.Row{{Name: "as configured", CostRate: 1.356}, {Name: "ships", CostRate: 0.958}, {Name: "mine", CostRate: 0.97}},
			Change: judge.Change{Ratio: 1.013, Low: 0.998, High: 1.028, Deviation: 0.0076, Freedom: 100},
		},
		{Query: "shop/carts", Why: "it shares its driver"},
	}
	verdict := judge.Gate(all)
	var f judgeFlags
	var text strings.Builder
	if err := f.print(&text, all, verdict); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"shop/orders: 1h15m0s in 5 windows", "1.356", "mine, of the cost of ships: 1.013 (95 %: 0.998 to 1.028)",
		"shop/carts: not judged: it shares its driver", "over all, by 1 of 2 queries: 1.013",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing in\n%s", want, text.String())
		}
	}
	f.json = true
	text.Reset()
	if err := f.print(&text, all, verdict); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Queries []judge.Judgement `json:"queries"`
		Overall judge.Summary     `json:"overall"`
		Why     string            `json:"notToBeServed"`
	}
	if err := json.Unmarshal([]byte(text.String()), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Queries) != 2 || doc.Queries[0].Change != all[0].Change || doc.Overall.Counted != 1 || doc.Overall.Ratio != 1.013 || !strings.Contains(doc.Why, "not surely better") {
		t.Errorf("%s", text.String())
	}
}
