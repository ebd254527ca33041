package demo

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rubato/checkpoints"
	"rubato/internal/report"
	"rubato/replay"
)

func TestOnlyDecisionsOfTheTunedHalfAreCounted(t *testing.T) {
	r := newRecorder("demo")
	r.step(&replay.Step{Mode: "observe"})
	r.step(&replay.Step{Mode: "learn"})
	r.step(&replay.Step{Mode: "learn", Verdict: 1})
	if d := r.decisions(); d.Applied != 1 || d.Overridden != 1 {
		t.Errorf("%d applied and %d overridden, want 1 and 1", d.Applied, d.Overridden)
	}
}

func TestTheFiguresAreToldBeforeADemoIsKeptRunning(t *testing.T) {
	var order []string
	d := &demo{o: Options{Keep: true, Result: func(report.Result) error { order = append(order, "figures"); return nil }}}
	if err := d.finish(report.Result{}, func() { order = append(order, "kept") }); err != nil || !slices.Equal(order, []string{"figures", "kept"}) {
		t.Fatalf("%v, %v", order, err)
	}
}

func TestAFolderThatIsNotADemosIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "thesis.txt")
	if err := os.WriteFile(precious, []byte("years"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := &demo{o: Options{Dir: dir, Profile: "balanced"}, config: filepath.Join(dir, "rubato.yaml")}
	if err := d.clear(); err == nil || !strings.Contains(err.Error(), "--dir") {
		t.Fatalf("error %v, want one that names --dir", err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(precious); err != nil {
		t.Fatal(err)
	}
	for range 2 { // empty, then a demo's own
		if err := d.clear(); err != nil {
			t.Fatal(err)
		}
		if err := d.setMode("observe"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheFolderThatOneIsInCanBeADemos(t *testing.T) {
	t.Chdir(t.TempDir())
	d := &demo{o: Options{Dir: ".", Profile: "balanced"}, config: "rubato.yaml"}
	if err := d.setMode("observe"); err != nil {
		t.Fatal(err)
	}
	if err := d.clear(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

func TestTheFolderOfARunningDemoIsLeftAloneAndItsHolderNamed(t *testing.T) {
	d := &demo{o: Options{Dir: t.TempDir(), Profile: "balanced"}}
	d.config = filepath.Join(d.o.Dir, "rubato.yaml")
	if err := d.setMode("observe"); err != nil {
		t.Fatal(err)
	}
	s, err := checkpoints.Open(d.store(), checkpoints.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.clear(); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("process %d ", os.Getpid())) {
		t.Fatalf("error %v, want one that names the holder", err)
	}
	if _, err := os.Stat(d.config); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.clear(); err != nil {
		t.Fatal("nobody holds it any more:", err)
	}
}

func TestTheBarIsFullAtTheEndAndNeverLonger(t *testing.T) {
	for elapsed, want := range map[time.Duration]int{0: 0, 5 * time.Second: 10, 10 * time.Second: 20, time.Hour: 20} {
		if got := strings.Count(bar(elapsed, 10*time.Second), "="); got != want {
			t.Errorf("after %v: %d of 20, want %d", elapsed, got, want)
		}
	}
}
