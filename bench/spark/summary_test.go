package spark

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestASummaryOfNothingSaysWhatNothingIsRecordedFor(t *testing.T) {
	o := options(t.TempDir(), "steady", "idle")
	r := Record{Key: Key{Spark: builtWith, Job: o.Job, Weights: o.Weights, Trace: "idle", Minutes: 1, Seed: 1, Rival: Frozen, Policy: "net-before"}}
	if err := appendRecord(o.Results, &r); err != nil {
		t.Fatal(err)
	}
	_, err := Summarise(o)
	want := "nothing recorded in " + o.Results + " for Spark 3.5.7, job files, weights balanced, 1 minutes, traces steady, idle but runs of net-before"
	if err == nil || err.Error() != want {
		t.Fatalf("got %v\nwant %s", err, want)
	}
}

// summed is a summary of hand-made runs of 90 s.
func summed(t *testing.T) *Summary {
	t.Helper()
	o := options(t.TempDir(), "steady", "idle")
	o.Length, o.Calibration = 2*time.Minute, t.TempDir()
	add := func(trace, rival string, repeat int, cost, mean float64, triggers uint64) {
		r := Record{
			Key: key(t, o, trace, 1, rival), Seconds: 90, CostRate: cost, Queries: []Figures{{Query: "bench/files", Events: 10, MeanMs: mean, Triggers: triggers, CostRate: cost}},
		}
		r.Repeat = repeat
		if err := appendRecord(o.Results, &r); err != nil {
			t.Fatal(err)
		}
	}
	add("steady", "fixed-1s", 0, 1, 700, 90)
	add("steady", "fixed-2s", 0, 1.5, 1200, 45)
	add("steady", Frozen, 0, 0.7, 680, 80)
	add("steady", Frozen, 1, 0.9, 700, 80)
	add("steady", "waiting-cost", 0, 1, 700, 81)
	add("idle", "fixed-1s", 0, 1, 700, 90)
	add("idle", "fixed-2s", 0, 0.5, 1200, 45)
	add("idle", Frozen, 0, 0.4, 1000, 80) // above the line from 1200 at 45 to 700 at 90
	add("idle", "waiting-cost", 0, 0.8, 700, 81)
	add("idle", "pid", 0, 0.1, 1, 1)
	s, err := Summarise(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestGoalsAreGeometricMeansOverTheTraces(t *testing.T) {
	s := summed(t)
	r := s.Windows[0].row(Frozen)
	if r == nil || r.Runs != 2 || math.Abs(r.CostRate-0.8) > 1e-9 || r.Low != 0.7 || r.High != 0.9 {
		t.Fatalf("frozen on steady is %+v, want 0.8 (0.7 to 0.9) of 2 runs", r)
	}
	want := []struct {
		measured string
		met      bool
	}{
		{"0.800", true},   // sqrt(0.8/1 x 0.4/0.5)
		{"0.632", true},   // sqrt(0.8/1 x 0.4/0.8)
		{"4.000", false},  // pid, on idle alone
		{"1 of 2", false}, // left of the front on steady
	}
	goals := s.Goals()
	if len(goals) != len(want) {
		t.Fatalf("%d goals, want %d: %+v", len(goals), len(want), goals)
	}
	for i, g := range goals {
		if g.Measured != want[i].measured || g.Met != want[i].met || !g.Known {
			t.Errorf("%s: %s, met %v, known %v; want %s, %v", g.Figure, g.Measured, g.Met, g.Known, want[i].measured, want[i].met)
		}
	}
}

func TestOneFixedIntervalIsNoFront(t *testing.T) {
	s := summed(t)
	for _, w := range s.Windows {
		w.Rows = slices.DeleteFunc(w.Rows, func(r *Row) bool { return r.Rival == "fixed-2s" })
	}
	if g := s.fronts(); g.Known {
		t.Errorf("where one interval was played, the front is called known: %+v", g)
	}
}

func TestATraceCountsOnceHoweverManyOfItsWindowsWerePlayed(t *testing.T) {
	o := options(t.TempDir(), "steady", "idle")
	o.Seeds = []uint64{1, 2, 3}
	for _, x := range []struct {
		trace  string
		seed   uint64
		frozen float64 // where the rule costs 1
	}{{"steady", 1, 0.5}, {"steady", 2, 2}, {"steady", 3, 4}, {"idle", 2, 0.25}} {
		for rival, cost := range map[string]float64{Frozen: x.frozen, waiting: 1} {
			r := Record{
				Key: key(t, o, x.trace, x.seed, rival), Seconds: 30, CostRate: cost,
			}
			if err := appendRecord(o.Results, &r); err != nil {
				t.Fatal(err)
			}
		}
	}
	o.Calibration = t.TempDir() // nothing to foretell
	s, err := Summarise(o)
	if err != nil {
		t.Fatal(err)
	}
	// Steady: the third root of 4. Idle: a quarter.
	want := math.Sqrt(math.Cbrt(4) / 4)
	if got, traces := s.ratio(named(waiting)); math.Abs(got-want) > 1e-9 || traces != 2 || len(s.Windows) != 4 {
		t.Errorf("%g on %d traces, %d windows; want %g, 2 and 4", got, traces, len(s.Windows), want)
	}
	var names []string
	for _, w := range s.Windows {
		names = append(names, w.Name)
	}
	if got := strings.Join(names, ", "); got != "steady 1, steady 2, idle 2, steady 3" || s.Windows[3].row(Frozen) == nil {
		t.Errorf("windows %s; a row of the policy is wanted in each", got)
	}
}

func TestRunsOfAnotherPolicyOrOfRulesTunedOtherwiseAreSummedUpOnlyWhereNamed(t *testing.T) {
	o := options(t.TempDir(), "steady")
	o.Calibration = t.TempDir() // nothing to foretell
	for rival, policy := range map[string]string{Frozen: "net-before", waiting: "", "square-root": "k=9", "pid": ""} {
		r := Record{Key: key(t, o, "steady", 1, rival), Seconds: 30, CostRate: 1}
		if policy != "" {
			r.Policy = policy
		}
		if err := appendRecord(o.Results, &r); err != nil {
			t.Fatal(err)
		}
	}
	for _, named := range []bool{false, true} {
		if o.Policies = nil; named {
			o.Policies = []string{"net-before"}
		}
		s, err := Summarise(o)
		if err != nil {
			t.Fatal(err)
		}
		var table strings.Builder
		if err := s.WriteTables(&table); err != nil {
			t.Fatal(err)
		}
		for rival, want := range map[string]bool{Frozen: named, "square-root": named, waiting: true, "pid": true} {
			if played := s.Windows[0].row(rival) != nil; played != want {
				t.Errorf("named %v: %s is summed up: %v", named, rival, played)
			}
		}
		if told := strings.Contains(table.String(), "left out: runs of k=9, net-before"); told == named {
			t.Errorf("named %v: told that it is left out: %v", named, told)
		}
	}
}

func TestTablesAndPictureHoldEveryRival(t *testing.T) {
	s := summed(t)
	var table, picture, csv strings.Builder
	if err := errors.Join(s.WriteTables(&table), s.WritePicture(&picture), s.WriteCSV(&csv)); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{table.String(), picture.String(), csv.String()} {
		for _, rival := range []string{Frozen, "waiting-cost", "fixed-1s", "fixed-2s", "pid"} {
			if !strings.Contains(text, rival) {
				t.Errorf("%s is missing in:\n%s", rival, text)
			}
		}
	}
	if pair := "| steady | waiting-cost | 1.000 | 700 | 0.90 | 0 | 0.800 | 690 | 0.89 | 0 | 0.800 | - |"; !strings.Contains(table.String(), pair) {
		t.Errorf("%s is missing in:\n%s", pair, table.String())
	}
	for d := xml.NewDecoder(strings.NewReader(picture.String())); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the picture is not well formed: %v", err)
		}
	}
	if lines := strings.Count(csv.String(), "\n"); lines != 11 {
		t.Errorf("%d lines of CSV, want a header and 10 runs", lines)
	}
}
