package traces

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rubato/env"
	"rubato/env/sim"
)

func file(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "trace.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBadTracesAreNamedByFileAndLine(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		line int
		says string
	}{
		"empty":           {"", 1, "empty"},
		"header alone":    {"second,events\n", 2, "no second"},
		"no header":       {"0,5\n1,5\n", 1, "header"},
		"another header":  {"time,events\n0,5\n", 1, "header"},
		"unsorted":        {"second,events\n0,5\n2,5\n1,5\n", 3, "gap"},
		"backward":        {"second,events\n0,5\n1,5\n0,5\n", 4, "ascend"},
		"twice":           {"second,events\n0,5\n0,5\n", 3, "ascend"},
		"a gap":           {"second,events\n0,5\n1,5\n4,5\n", 4, "gap"},
		"negative":        {"second,events\n0,5\n1,-5\n", 3, "-5"},
		"negative second": {"second,events\n-1,5\n", 2, "-1"},
		"a billion":       {"second,events\n0,1000000000\n", 2, "1000000000"},
		"beyond counting": {"second,events\n0,5\n1,99999999999999999999\n", 3, "99999999999999999999"},
		"not a number":    {"second,events\n0,NaN\n", 2, "NaN"},
		"a fraction":      {"second,events\n0,1.5\n", 2, "1.5"},
		"three fields":    {"second,events\n0,1,2\n", 2, "3 fields"},
		"a stray quote":   {"second,events\n0,5\n1,\"5\n", 3, "quote"},
		"nothing ever":    {"second,events\n0,0\n1,0\n", 3, "no event"},
		"blank line":      {"second,events\n0,5\n\n2,5\n", 4, "gap"},
	} {
		path := file(t, c.text)
		_, err := Read(path)
		if !errors.Is(err, ErrTrace) || !strings.Contains(fmt.Sprint(err), fmt.Sprintf("%s:%d: ", path, c.line)) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want line %d and %q", name, err, c.line, c.says)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestTraceIsPlayedFromItsSecondAtItsScaleAndWraps(t *testing.T) {
	tr, err := Read(file(t, "\ufeffsecond,events\r\n7,1\r\n8,2\r\n9,6\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if tr.Len() != 3 || tr.Mean(0, 3) != 3 || tr.Mean(1, 2) != 2 || tr.Mean(-1, 9) != 3 || tr.Mean(2, 1) != 0 {
		t.Errorf("%d seconds, means %v, %v, %v", tr.Len(), tr.Mean(0, 3), tr.Mean(1, 2), tr.Mean(-1, 9))
	}
	open := tr.Load(10, 1)
	for range 2 {
		load := open()
		for i, want := range []float64{20, 60, 10, 20} {
			if got := load.Next(nil); got != want {
				t.Errorf("second %d: %v, want %v", i, got, want)
			}
		}
	}
}

// Each second's count is Poisson about the trace's, and falls into it.
func TestTraceArrivesWithinItsSeconds(t *testing.T) {
	var b strings.Builder
	b.WriteString("second,events\n")
	for i := range 600 {
		fmt.Fprintf(&b, "%d,%d\n", i, 400*(i%2))
	}
	tr, err := Read(file(t, b.String()))
	if err != nil {
		t.Fatal(err)
	}
	ladder, err := env.NewLadder(100*time.Millisecond, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	var odd, even, squares float64
	counts := map[env.Time]float64{}
	s, err := sim.New(sim.Config{
		Query: "q", Seed: 1, Duration: 10 * time.Minute, Load: tr.Load(0.5, 0), Reference: tr.Mean(0, 600) / 2,
		Settings: env.Settings{Ladder: ladder}, Configured: time.Second, Overhead: time.Millisecond,
		OnArrival: func(at env.Time, n float64) { counts[at/1e9] += n },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Run()
	for second, n := range counts {
		if second%2 == 0 {
			even += n
			continue
		}
		odd += n
		squares += (n - 200) * (n - 200)
	}
	if even != 0 || math.Abs(odd/300-200) > 3 || squares/300 < 150 || squares/300 > 260 {
		t.Errorf("%v events in empty seconds; %v in others with a variance of %v, want 200 and 200", even, odd/300, squares/300)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("second,events\n0,5\n1,6\n")
	f.Add("second,events\n0,\"5\n")
	f.Fuzz(func(t *testing.T, text string) {
		tr, _, err := parse(strings.NewReader(text))
		if err != nil {
			return
		}
		if !(tr.Mean(0, tr.Len()) > 0) {
			t.Errorf("a mean of %v", tr.Mean(0, tr.Len()))
		}
	})
}
