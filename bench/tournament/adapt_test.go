package tournament

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func adaptOptions(t *testing.T) AdaptOptions {
	t.Helper()
	shifts, err := Shifts()
	if err != nil {
		t.Fatal(err)
	}
	return AdaptOptions{
		Policy: untrained(t, 1), Shifts: shifts[2:3], Seeds: 2, Length: 4 * time.Minute, Every: 2 * time.Minute,
	}
}

func TestAdaptationIsTheSameOnAnyNumberOfWorkers(t *testing.T) {
	o := adaptOptions(t)
	var all []string
	for _, o.Workers = range []int{1, 2} {
		a, err := Adapt(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		var b, text, rows bytes.Buffer
		if err := a.WriteCSV(&rows); err != nil || !strings.HasPrefix(rows.String(), "shift,minute,vsPrior,") {
			t.Fatal(err, rows.String())
		}
		if err := a.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		if err := a.WriteTables(&text); err != nil || text.Len() == 0 {
			t.Fatal(err)
		}
		all = append(all, b.String())
		x := a.Shifts[0]
		if len(a.Goals) != 2 || !x.PriorVsRule.Known() || !x.WorstTenMinutes.Known() || len(x.Curve) == 0 || !x.Final.Known() {
			t.Errorf("got %+v", a)
		}
	}
	if all[0] != all[1] {
		t.Error("one worker and two differ")
	}
}

func TestAdaptationWantsAPriorAndTime(t *testing.T) {
	o := adaptOptions(t)
	o.Length = time.Minute
	if _, err := Adapt(t.Context(), o); !errors.Is(err, ErrNothing) {
		t.Errorf("no time: %v", err)
	}
	if _, err := Adapt(t.Context(), AdaptOptions{}); !errors.Is(err, ErrNothing) {
		t.Errorf("nothing: %v", err)
	}
}

func TestTheWorstTenMinutesAreOfTheMeanOverTheSeeds(t *testing.T) {
	blocks := func(costs ...float64) []block {
		var out []block
		for i, c := range costs {
			out = append(out, block{key: 7 + i, cost: c, seconds: BlockSeconds})
		}
		return out
	}
	runs := []learnerRun{
		{learnt: blocks(1, 1, 1, 1, 1, 6), ruled: blocks(1, 1, 1, 1, 1, 1)},
		{learnt: blocks(1, 1, 1, 1, 1, 1), ruled: blocks(1, 1, 1, 1, 1, 1)},
	}
	learnt := func(r *learnerRun) []block { return r.learnt }
	if w := worstTen(runs, learnt); !near(w, 1.5) {
		t.Errorf("got %v, want 15 over 10", w)
	}
	if worstTen(nil, learnt).Known() {
		t.Error("the worst of nothing")
	}
}

func TestMinutesToBetterIsTheFirstSnapshotThatStaysThreePercentBelowThePrior(t *testing.T) {
	run := learnerRun{prior: 10, rule: 5, snapshots: []float64{9.6, 9.8, 9.7, 9.5}, snapshotMinutes: []float64{2, 4, 6, 8}}
	for i := range run.moved {
		run.moved[i] = 9.5 + float64(i)
	}
	run.clairvoyant = 9
	a := adapted(Shift{Name: "x"}, []learnerRun{run, run})
	if !near(a.Hindsight, 0.95) || !near(a.Clairvoyant, 0.9) {
		t.Errorf("at best %v and %v", a.Hindsight, a.Clairvoyant)
	}
	if a.MinutesToBetter != 6 || !near(a.Final, 0.95) || !near(a.PriorVsRule, 2) || len(a.Curve) != 4 {
		t.Errorf("got %+v", a)
	}
	never := learnerRun{prior: 10, rule: 5, snapshots: []float64{10}, snapshotMinutes: []float64{2}}
	if adapted(Shift{}, []learnerRun{never}).MinutesToBetter.Known() {
		t.Error("better without being so")
	}
}
