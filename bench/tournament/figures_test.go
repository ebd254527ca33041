package tournament

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rubato/env"
)

func near(a Figure, b float64) bool { return math.Abs(float64(a)-b) < 1e-9 }

// cellOf is a cell in which each rival has the cost given in every block.
func cellOf(source string, kind Kind, costs map[string]float64) *judged {
	j := &judged{cell: Cell{Source: Source{Name: source}, Kind: kind, Weighting: Weighting{Name: "balanced"}}}
	for _, name := range []string{PolicyName, WaitingRule, LinearRule, SquareRoot, "pid", BestFixed, BestWaiting, Clairvoyant} {
		if c, ok := costs[name]; ok {
			blocks := []block{{key: 1, cost: c, seconds: 1}, {key: 2, cost: 2 * c, seconds: 2}}
			j.rivals = append(j.rivals, standing{rival: name, blocks: blocks, rate: rate(blocks), seconds: 3, missed: c})
		}
	}
	return j
}

func TestASummaryIsTheGeometricMeanOfItsCells(t *testing.T) {
	kind := Kinds()[0]
	cells := []*judged{
		cellOf("a", kind, map[string]float64{PolicyName: 2, WaitingRule: 4, LinearRule: 2, BestFixed: 8, BestWaiting: 2, Clairvoyant: 1}),
		cellOf("b", kind, map[string]float64{PolicyName: 2, WaitingRule: 1, LinearRule: 2, BestFixed: 8, BestWaiting: 1, Clairvoyant: 1}),
	}
	whole, byTrace := summaries(cells)
	s := whole[Sighted]
	if !near(s.VsRule, 1) || !near(s.Worst, 2) || s.WorstCell != "b/light/balanced" || !near(s.VsBestFixed, 0.25) ||
		!near(s.VsLinear, 1) || !near(s.VsRuleHindsight, math.Sqrt(2)) || !near(s.ClairvoyantVsRule, 0.5) {
		t.Errorf("got %+v", s)
	}
	// From 1 (fixed) to 1/8 (clairvoyant): the policy and the rule are at 1/4.
	if !near(s.GapClosed, 6./7) || !near(s.RuleGapClosed, 6./7) || !near(s.MissRatio, 4./5) {
		t.Errorf("gap %v, the rule's %v, lateness %v", s.GapClosed, s.RuleGapClosed, s.MissRatio)
	}
	if s.VsRuleLow > s.VsRule || s.VsRuleHigh < s.VsRule {
		t.Errorf("%v is not within %v and %v", s.VsRule, s.VsRuleLow, s.VsRuleHigh)
	}
	if whole[Blind] != nil {
		t.Error("a summary of nothing")
	}
	if a, b := byTrace["a"][Sighted], byTrace["b"][Sighted]; len(byTrace) != 2 || a.Cells != 1 || !near(a.VsRule, 0.5) || !near(b.VsRule, 2) {
		t.Errorf("trace by trace: %+v", byTrace)
	}
}

func TestATraceIsJudgedAgainstTheRuleOfTheWholeGroup(t *testing.T) {
	kind := Kind{Name: "blind", Group: Blind, Queries: 1}
	whole, byTrace := summaries([]*judged{
		cellOf("a", kind, map[string]float64{PolicyName: 2, WaitingRule: 1, SquareRoot: 2}),
		cellOf("b", kind, map[string]float64{PolicyName: 2, WaitingRule: 8, SquareRoot: 1}),
	})
	if x := byTrace["a"][Blind]; whole[Blind].Rule != SquareRoot || x.Rule != SquareRoot || !near(x.VsRule, 1) {
		t.Errorf("the group's rule is %s, trace a is judged against %s: %v", whole[Blind].Rule, x.Rule, x.VsRule)
	}
}

func TestOtherRulesAreJudgedOnSingleQueriesAndOnSharedDriversApart(t *testing.T) {
	alone, shared := Kind{Name: "light", Group: Sighted, Queries: 1}, Kind{Name: "shared-2", Group: Shared, Queries: 2}
	r := &Result{Rules: ruleRatios([]*judged{
		cellOf("a", alone, map[string]float64{PolicyName: 1, SquareRoot: 1, "pid": 2, WaitingRule: 0.1}),
		cellOf("a", shared, map[string]float64{PolicyName: 1, SquareRoot: 8, "pid": 2, WaitingRule: 0.1}),
	})}
	got := map[string]Goal{}
	for _, g := range goals(r) {
		got[g.Figure] = g
	}
	for figure, want := range map[string]Goal{
		"every other rule: cost / the best of them":                 {Measured: 0.5, Note: "against pid", Met: "met"},
		"every other rule, single queries: cost / the best of them": {Measured: 1, Note: "against square-root", Met: "missed"},
		"every other rule, shared drivers: cost / the best of them": {Measured: 0.5, Note: "against pid", Met: "met"},
	} {
		if g := got[figure]; !near(g.Measured, float64(want.Measured)) || g.Note != want.Note || g.Met != want.Met {
			t.Errorf("%s: %+v", figure, g)
		}
	}
}

func TestAGoalIsMetMissedOrNotMeasured(t *testing.T) {
	for measured, want := range map[Figure]string{0.9: "met", 0.99: "met", 0.991: "missed"} {
		if g := goal("x", 0.99, measured); g.Met != want {
			t.Errorf("%v: %s, want %s", measured, g.Met, want)
		}
	}
	if g := goal("x", 0.99, Unknown()); g.Met != "-" {
		t.Errorf("unmeasured: %s", g.Met)
	}
	if g := goal("x", 1.025, Unknown()); g.Goal != "<= 1.025" {
		t.Errorf("a goal of 1.025 is written %s", g.Goal)
	}
	table := goals(&Result{})
	if len(table) != 13 {
		t.Errorf("%d goals", len(table))
	}
	for _, g := range table {
		if g.Met != "-" {
			t.Errorf("%s is %s without a measurement", g.Figure, g.Met)
		}
	}
}

func TestBlocksOfOnePlaceAreOneUnit(t *testing.T) {
	p := pool([]block{{3, 1, 10}, {1, 2, 10}, {3, 5, 10}})
	if len(p) != 2 || p[0] != (block{1, 2, 10}) || p[1] != (block{3, 6, 20}) {
		t.Errorf("got %+v", p)
	}
}

func TestPoolingKeepsCostAndTimeAndTheIntervalHoldsTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		blocks := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) block {
			return block{rapid.IntRange(0, 5).Draw(t, "key"), rapid.Float64Range(0.1, 10).Draw(t, "cost"), 120}
		}), 1, 20).Draw(t, "blocks")
		p := pool(blocks)
		if d := rate(p) - rate(blocks); math.Abs(d) > 1e-9 {
			t.Fatalf("the rate moves by %v", d)
		}
		low, high := interval(resampled("x", p))
		lo, hi := math.Inf(1), math.Inf(-1)
		for _, b := range p {
			lo, hi = min(lo, b.cost/b.seconds), max(hi, b.cost/b.seconds)
		}
		if low > high || low < lo-1e-9 || high > hi+1e-9 {
			t.Fatalf("from %v to %v, blocks from %v to %v", low, high, lo, hi)
		}
	})
}

func TestAnUnknownFigureIsNullAndComesBack(t *testing.T) {
	for _, f := range []Figure{Unknown(), 0, 1.5, Figure(math.Inf(1)), -2e-9, 123456} {
		b, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var back Figure
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if back.Known() != f.Known() || f.Known() && back != f {
			t.Errorf("%v came back as %v from %s", float64(f), float64(back), b)
		}
	}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWeightingsAreReadFromAFile(t *testing.T) {
	all, err := ReadWeightings(write(t, "w.yaml", "patient: {latency: 1, batch: 5}\nprompt: {latency: 1, miss: 10, target: 2s}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Weighting{
		{Name: "patient", Weights: env.Weights{Latency: 1, Batch: 5}},
		{Name: "prompt", Weights: env.Weights{Latency: 1, Miss: 10}, Target: 2 * time.Second},
	}
	if len(all) != 2 || all[0] != want[0] || all[1] != want[1] {
		t.Errorf("got %+v", all)
	}
}

func TestBadWeightingsNameFileAndLine(t *testing.T) {
	for text, at := range map[string]string{
		"":                                      ":1:",
		"a: {latency: 1}\nb: {latncy: 1}\n":     ":2:",
		"a: {latency: -1}\n":                    ":1:",
		"a:\n  latency: 1\n  batch: many\n":     ":3:",
		"a: {latency: 1, target: 5}\n":          ":1:",
		"a: {latency: 1}\na: {latency: 1}\n":    "2",
		"a: {latency: 0}\n":                     ":1:",
		"a: 5\n":                                ":1:",
		"- a\n":                                 ":1:",
		"a: {latency: 1\nb: [\n":                "line",
		"a: {latency: .nan}\n":                  ":1:",
		"a: {latency: 1}\nb:\n  - latency: 1\n": ":3:",
	} {
		path := write(t, "w.yaml", text)
		_, err := ReadWeightings(path)
		if !errors.Is(err, ErrWeights) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), at) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := ReadWeightings(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestDefaultWeightingsAreTheProfilesAndTwoTargets(t *testing.T) {
	all := Weightings()
	targets := 0
	for _, w := range all {
		if w.Weights.Latency <= 0 || w.Weights.Batch <= 0 {
			t.Errorf("%s is free: %+v", w.Name, w.Weights)
		}
		if w.Target > 0 {
			targets++
		}
	}
	if len(all) != 5 || targets != 2 {
		t.Errorf("%d weightings, %d with a target", len(all), targets)
	}
}
