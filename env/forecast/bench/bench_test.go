package bench

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"rubato/env/forecast"
	"rubato/env/sim/traces"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// few are two workloads, one seed each.
func few() Config {
	var families []Family
	for _, f := range Workloads() {
		if f.Name == "bursts" || f.Name == "steady" {
			families = append(families, f)
		}
	}
	return Config{Families: families, Seeds: 1, Weights: forecast.Trained()}
}

func TestTheSameConfigurationGivesTheSameReport(t *testing.T) {
	a, err := Run(context.Background(), few())
	if err != nil {
		t.Fatal(err)
	}
	b, err := Run(context.Background(), few())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, b) {
		t.Error("two runs differ")
	}
	families, models := a.names()
	if len(families) != 2 || len(models) != 8 || len(a.Rows) != 2*8*3 {
		t.Fatalf("%d rows of %v and %v", len(a.Rows), families, models)
	}
	at := a.index()
	if x := at[cell{"steady", "last", 1}]; math.Abs(x.MASE-1) > 1e-12 || x.Transitions != 0 {
		t.Errorf("the last value's own MASE is %v, transitions %v", x.MASE, x.Transitions)
	}
	for _, r := range a.Rows {
		if !(r.MAE > 0 && r.MASE > 0 && r.Pinball > 0 && r.Pinball < r.MAE && r.Coverage > r.Coverage80 && r.Coverage <= 1) {
			t.Errorf("row %+v", r)
		}
	}
	var text, table bytes.Buffer
	if err := a.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	var again Report
	if err := json.Unmarshal(text.Bytes(), &again); err != nil || !reflect.DeepEqual(a, &again) {
		t.Errorf("read back as another report: %v", err)
	}
	if err := a.WriteTables(&table); err != nil || !strings.Contains(table.String(), "| steady |") {
		t.Errorf("tables %s: %v", &table, err)
	}
	text.Reset()
	if err := a.WriteCSV(&text); err != nil {
		t.Fatal(err)
	}
	if rows, err := csv.NewReader(&text).ReadAll(); err != nil || len(rows) != 1+len(a.Rows) {
		t.Errorf("%d rows of CSV: %v", len(rows), err)
	}
}

func TestAnInterruptEndsARun(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	cfg := few()
	cfg.Seeds = 1000
	cfg.Progress = func(int, int) { stop() }
	if _, err := Run(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestNothingToJudgeOnIsNamed(t *testing.T) {
	if _, err := Run(context.Background(), Config{Seeds: 1, Weights: forecast.Trained()}); !errors.Is(err, ErrNothing) {
		t.Errorf("error %v", err)
	}
	empty := t.TempDir()
	short := filepath.Join(empty, "short.csv.txt")
	wrong := filepath.Join(t.TempDir(), "wrong.csv")
	for path, text := range map[string]string{
		short: "second,events\n0,1\n1,2\n", wrong: "second,events\n0,1\n1,-2\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]error{
		empty: ErrNothing, short: ErrNothing, wrong: traces.ErrTrace, filepath.Join(empty, "none"): os.ErrNotExist,
	} {
		if _, err := Traces(path); !errors.Is(err, want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}

// A ladder of counts, of which every figure can be reckoned by hand.
func TestAScoreIsReckonedFromItsSeconds(t *testing.T) {
	var c score
	c.add(10, &[5]float64{2, 4, 6, 8, 12}, true)
	c.add(5, &[5]float64{2, 4, 6, 8, 12}, false)
	// Pinball at 0.1, 0.5, 0.9: of 10: .6, 2, 1.8; of 5: .1, .5, .3.
	if c.miss != 5 || c.changingMiss != 4 || c.in90 != 2 || c.in80 != 1 || math.Abs(c.pinball-5.3/3) > 1e-12 {
		t.Errorf("%+v", c)
	}
}

func TestATransitionIsWhereTheRateWillMove(t *testing.T) {
	s := &Series{Means: make([]float64, 400)}
	for i := range s.Means {
		s.Means[i] = 100
		if i >= 350 {
			s.Means[i] = 200
		}
	}
	for i, marked := range s.transitions() {
		if want := i >= 345 && i < 350; marked != want {
			t.Errorf("second %d: %v", i, marked)
		}
	}
}

func TestVerdictsHoldTheRowsAgainstTheGoals(t *testing.T) {
	r := &Report{}
	for _, h := range forecast.Horizons {
		r.Rows = append(r.Rows,
			Row{Trace: "x", Model: nameEnsemble, HorizonS: h, MAE: 9, TransitionMAE: 12, Coverage: 0.95},
			Row{Trace: "x", Model: "last", HorizonS: h, MAE: 10, Coverage: 0.9},
			Row{Trace: "x", Model: nameAR, HorizonS: h, MAE: 12, TransitionMAE: 10, Coverage: 0.9})
	}
	models := []entry{{name: nameEnsemble}, {name: "last", baseline: true}, {name: nameAR, baseline: true}}
	v := r.verdicts([]Family{{Name: "x", Bursty: true}}, models)
	for i, want := range []struct {
		measured float64
		held     bool
	}{{0.9, true}, {0.9, true}, {1.2, false}, {0.95, true}, {0.95, false}} {
		if math.Abs(v[i].Measured-want.measured) > 1e-12 || v[i].Held != want.held || (len(v[i].Misses) == 0) != want.held {
			t.Errorf("%+v, want %+v", v[i], want)
		}
	}
}
