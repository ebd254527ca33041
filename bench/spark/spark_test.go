package spark

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rubato/internal/load"
)

// recordings and fits are those of the repository.
const (
	recordings = "../traces"
	fits       = "../calibration"
)

// options are those of a small benchmark whose results file lies in dir.
func options(dir string, traces ...string) Options {
	chosen, err := SelectTraces(traces)
	if err != nil {
		panic(err)
	}
	return Options{
		Rivals: []string{Frozen, "waiting-cost", "fixed-1s"}, Traces: chosen, Length: time.Minute, Repeats: 1,
		Weights: "balanced", Job: "files", Spark: builtWith, Seeds: []uint64{1},
		Folder: recordings, Results: filepath.Join(dir, "spark.jsonl"), Calibration: fits,
	}
}

func TestEveryRivalMeetsTheSameEvents(t *testing.T) {
	for _, trace := range Traces() {
		cut := func(seed uint64) *Window {
			w, err := trace.Cut(recordings, seed, 2*time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			return w
		}
		w, same, other := cut(1), cut(1), cut(2)
		if !slices.Equal(w.Events, same.Events) || !slices.Equal(w.Lead, same.Lead) {
			t.Errorf("%s: two draws of one seed differ", trace.Name)
		}
		if slices.Equal(w.Events, other.Events) {
			t.Errorf("%s: two seeds give the same events", trace.Name)
		}
		if mean := float64(len(w.Events)) / 120; math.Abs(mean/trace.Rate-1) > 6/math.Sqrt(120*trace.Rate) {
			t.Errorf("%s: %.1f events/s, want about %.0f", trace.Name, mean, trace.Rate)
		}
		if !slices.IsSortedFunc(w.Events, func(a, b load.Event) int { return int(a.At - b.At) }) {
			t.Errorf("%s: events out of order", trace.Name)
		}
	}
}

func TestAStoppedBenchmarkGoesOnWhereItWas(t *testing.T) {
	o := options(t.TempDir(), "steady", "idle")
	plan := func() []string {
		b := &bench{Options: o, weights: profile(o.Weights)}
		todo, err := b.plan()
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, x := range todo {
			names = append(names, x.key.Trace+" "+x.key.Rival)
			if x.window.Trace.Name != x.key.Trace {
				t.Errorf("%v plays the window of %s", x.key, x.window.Trace.Name)
			}
		}
		return names
	}
	all := plan()
	want := []string{
		"steady fixed-1s", "steady frozen", "steady waiting-cost", // whole traces,
		"idle frozen", "idle waiting-cost", "idle fixed-1s", // the order rotated
	}
	if !slices.Equal(all, want) {
		t.Fatalf("planned %q, want %q", all, want)
	}
	before := key(t, o, "steady", 1, waiting)
	before.Policy = "k=0.49" // as it was tuned then
	for _, k := range []Key{key(t, o, "steady", 1, "fixed-1s"), key(t, o, "steady", 1, Frozen), before} {
		if err := appendRecord(o.Results, &Record{Key: k, CostRate: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if left := plan(); !slices.Equal(left, want[2:]) {
		t.Fatalf("left %q, want %q", left, want[2:])
	}
	o.Seeds = []uint64{2}
	if left := plan(); len(left) != 6 {
		t.Errorf("another seed has %d runs left, want all 6", len(left))
	}
}

// key is that of a rival's run today.
func key(t *testing.T, o Options, trace string, seed uint64, rival string) Key {
	t.Helper()
	policy, err := policyOf(rival)
	if err != nil {
		t.Fatal(err)
	}
	return Key{
		Spark: builtWith, Job: o.Job, Weights: o.Weights, Trace: trace, Minutes: o.Length.Minutes(), Seed: seed, Rival: rival, Policy: policy,
	}
}

func TestEachRunOfTheTunerHasStoresOfItsOwn(t *testing.T) {
	run := Key{Spark: builtWith, Job: "files", Weights: "balanced", Trace: "steady", Minutes: 3, Seed: 1, Rival: Frozen, Policy: "net-1"}
	seen := map[string]string{stores("spark.jsonl", run): "the first"}
	for name, change := range map[string]func(*Key){
		"another Spark":  func(k *Key) { k.Spark = "4.3.0" },
		"another job":    func(k *Key) { k.Job = "windows" },
		"other weights":  func(k *Key) { k.Weights = "thrifty" },
		"another trace":  func(k *Key) { k.Trace = "idle" },
		"another length": func(k *Key) { k.Minutes = 2.5 },
		"another seed":   func(k *Key) { k.Seed = 2 },
		"a repeat":       func(k *Key) { k.Repeat = 1 },
		"learning":       func(k *Key) { k.Rival = Learning },
		"another policy": func(k *Key) { k.Policy = "net-2" },
	} {
		k := run
		change(&k)
		dir := stores("spark.jsonl", k)
		if other, taken := seen[dir]; taken {
			t.Errorf("%s keeps its stores where %s does: %s", name, other, dir)
		}
		seen[dir] = name
	}
}

func TestALineThatAKillCutShortIsRunAgainAndReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spark.jsonl")
	write := func(rival string) {
		t.Helper()
		if err := appendRecord(path, &Record{Key: Key{Rival: rival}}); err != nil {
			t.Fatal(err)
		}
	}
	read := func() []string {
		t.Helper()
		all, err := ReadRecords(path)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, r := range all {
			names = append(names, r.Rival)
		}
		return names
	}
	write("a")
	write("b")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text[:len(text)-10], 0o600); err != nil {
		t.Fatal(err)
	}
	if got := read(); !slices.Equal(got, []string{"a"}) {
		t.Fatalf("read %q of a file whose second line was cut, want a alone", got)
	}
	write("c")
	if got := read(); !slices.Equal(got, []string{"a", "c"}) {
		t.Fatalf("read %q, want a and c", got)
	}
}

func TestALineThatIsNoRunIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spark.jsonl")
	if err := appendRecord(path, &Record{Key: Key{Rival: "a"}}); err != nil {
		t.Fatal(err)
	}
	run, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for text, line := range map[string]string{
		"{nonsense\n" + string(run): ":1: ", string(run) + "{nonsense\n": ":2: ", string(run) + "\n" + string(run): ":2: ", "nonsense": ":1: ",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadRecords(path); err == nil || !strings.Contains(err.Error(), path+line) {
			t.Errorf("%q: error %v, want one that names line %s", text, err, line)
		}
	}
}

func TestBenchmarksThatRunAtOnceLoseNoneOfTheirRuns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spark.jsonl")
	const each = 50
	var all sync.WaitGroup
	for _, rival := range []string{Frozen, waiting} {
		all.Go(func() {
			for repeat := range each {
				if err := appendRecord(path, &Record{Key: Key{Rival: rival, Repeat: repeat}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	records, err := ReadRecords(path)
	if err != nil || len(records) != 2*each {
		t.Errorf("%d runs, %v; want %d", len(records), err, 2*each)
	}
}

func TestWhatCannotBeRunIsRefused(t *testing.T) {
	for what, change := range map[string]func(*Options){
		"an unknown rival":          func(o *Options) { o.Rivals = []string{"nobody"} },
		"a rule told the future":    func(o *Options) { o.Rivals = []string{"adaptive-stream-true-rate"} },
		"a rule on the ladder":      func(o *Options) { o.Rivals = []string{"waiting-cost/steps"} },
		"an unknown job":            func(o *Options) { o.Job = "none" },
		"unknown weights":           func(o *Options) { o.Weights = "none" },
		"no window":                 func(o *Options) { o.Seeds = nil },
		"a window twice":            func(o *Options) { o.Seeds = []uint64{2, 1, 2} },
		"no repeat":                 func(o *Options) { o.Repeats = 0 },
		"a window of a few seconds": func(o *Options) { o.Length = LeadIn + time.Second },
		"a run of ten minutes":      func(o *Options) { o.Length = longestRun - warming },
	} {
		o := options(t.TempDir())
		if err := errors.Join(o.Check(), o.CheckSpark()); err != nil {
			t.Fatal(err)
		}
		change(&o)
		if err := o.Check(); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %v", what, err)
		}
	}
	o := options(t.TempDir())
	o.Spark = "2.4"
	if err := errors.Join(o.Check(), o.CheckSpark()); !errors.Is(err, ErrOptions) {
		t.Errorf("a Spark that is not there: %v", err)
	}
	if _, err := SelectTraces([]string{"nowhere"}); err == nil {
		t.Error("an unknown trace was taken")
	}
}
