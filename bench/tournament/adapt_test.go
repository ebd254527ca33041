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
		Policy: untrained(t, 1), Shifts: shifts[2:3], Learners: Learners()[:2], Seeds: 2, Length: 4 * time.Minute, Every: 2 * time.Minute,
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
		if err := a.WriteCSV(&rows); err != nil || !strings.HasPrefix(rows.String(), "shift,learner,minute,vsPrior,") {
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
		if len(a.Goals) != 2 || !x.PriorVsRule.Known() || !x.Clairvoyant.Known() || len(x.Learners) != 2 {
			t.Fatalf("got %+v", a)
		}
		if l := &x.Learners[1]; !l.WorstTenMinutes.Known() || len(l.Curve) != 2 || !l.Final().VsPrior.Known() {
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
	runs := []shiftRun{
		{frozen: blocks(1, 1, 1, 1, 1, 6), ruled: blocks(1, 1, 1, 1, 1, 1)},
		{frozen: blocks(1, 1, 1, 1, 1, 1), ruled: blocks(1, 1, 1, 1, 1, 1)},
	}
	played := func(r *shiftRun) []block { return r.frozen }
	if w := worstTen(runs, played); !near(w, 1.5) {
		t.Errorf("got %v, want 15 over 10", w)
	}
	if worstTen(nil, played).Known() {
		t.Error("the worst of nothing")
	}
}

func TestMinutesToBetterIsTheFirstSnapshotThatStaysThreePercentBelowThePrior(t *testing.T) {
	o := AdaptOptions{Learners: Learners()[:1], Every: 2 * time.Minute}
	run := shiftRun{prior: 10, rule: 5, learners: []learnerRun{{snapshots: []float64{9.6, 9.8, 9.7, 9.5}}}}
	for i := range run.moved {
		run.moved[i] = 9.5 + float64(i)
	}
	run.clairvoyant = 9
	a := adapted(&o, Shift{Name: "x"}, []shiftRun{run, run})
	if !near(a.Hindsight, 0.95) || a.CommonShift != hindsight[0] || !near(a.Common, 0.95) || !near(a.Clairvoyant, 0.9) || !near(a.PriorVsRule, 2) {
		t.Errorf("at best %+v", a)
	}
	if l := &a.Learners[0]; l.MinutesToBetter != 6 || !near(l.Final().VsPrior, 0.95) || len(l.Curve) != 4 {
		t.Errorf("got %+v", l)
	}
	never := shiftRun{prior: 10, rule: 5, learners: []learnerRun{{snapshots: []float64{10}}}}
	if adapted(&o, Shift{}, []shiftRun{never}).Learners[0].MinutesToBetter.Known() {
		t.Error("better without being so")
	}
}
