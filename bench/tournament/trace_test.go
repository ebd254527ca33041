package tournament

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"rubato/env/sim/traces"
)

// trace is a CSV file with the given events in each second.
func trace(t *testing.T, counts []int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("second,events\n")
	for i, n := range counts {
		fmt.Fprintf(&b, "%d,%d\n", i, n)
	}
	return write(t, "trace.csv", b.String())
}

// rising has twice the rate in its second half.
func rising(seconds int) []int {
	counts := make([]int, seconds)
	for i := range counts {
		counts[i] = 10
		if i >= seconds/2 {
			counts[i] = 20
		}
	}
	return counts
}

func TestAWindowNeverSeesItsOwnFutureInItsReference(t *testing.T) {
	s, err := TraceSource(trace(t, rising(4800)))
	if err != nil {
		t.Fatal(err)
	}
	for seed := range 20 {
		w, err := s.cut(draw{seed: seed, queries: 1}, 20*time.Minute, 100)
		if err != nil {
			t.Fatal(err)
		}
		from := w.place * BlockSeconds
		mean := 10.0
		if from > 2400 {
			mean = (10*2400 + 20*float64(from-2400)) / float64(from)
		}
		first := 10.0
		if from >= 2400 {
			first = 20
		}
		got := w.load().Next(rand.New(rand.NewPCG(1, 1)))
		if w.reference != 100 || from < 1200 || from+1200 > 4800 || w.length != 20*time.Minute ||
			!near(Figure(got), first*100/mean) {
			t.Errorf("seed %d: from %d: rate %v, want %v; %+v", seed, from, got, first*100/mean, w)
		}
	}
}

func TestAWholeTraceIsAllThatFollowsItsPast(t *testing.T) {
	s, err := TraceSource(trace(t, rising(4800)))
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.cut(draw{seed: 3, queries: 1}, 0, 100)
	if err != nil || w.length != time.Hour || w.place != 10 {
		t.Errorf("%v: %+v", err, w)
	}
	w, err = s.cut(draw{seed: 3, query: 1, queries: 2}, 0, 100)
	if err != nil || w.length != 30*time.Minute {
		t.Errorf("%v: %+v", err, w)
	}
}

func TestBlocksOfASharedDriverHaveThePlaceOfItsFirstQuery(t *testing.T) {
	o := small(t, "steady", []string{"light", "shared-2"}, []string{"balanced"}, nil)
	source, err := TraceSource(trace(t, rising(4800)))
	if err != nil {
		t.Fatal(err)
	}
	for seed := range 5 {
		var places []int
		for _, kind := range o.Kinds {
			b, err := newBout(Cell{source, kind, o.Weightings[0]}, seed, 10*time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			places = append(places, b.place)
		}
		if places[0] != places[1] {
			t.Errorf("seed %d: the blocks of a query alone begin at %d, those of two at %d", seed, places[0], places[1])
		}
	}
}

func TestAWindowIsNoLongerThanTheTrace(t *testing.T) {
	s, err := TraceSource(trace(t, rising(600)))
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.cut(draw{queries: 1}, 20*time.Minute, 100)
	if err != nil || w.length != 480*time.Second {
		t.Errorf("%v: %+v", err, w)
	}
}

func TestUnusableTracesAreNamed(t *testing.T) {
	if _, err := TraceSource(trace(t, rising(100))); !errors.Is(err, ErrNothing) || !strings.Contains(err.Error(), "trace.csv") {
		t.Errorf("too short: %v", err)
	}
	path := write(t, "bad.csv", "second,events\n0,1\n1,-4\n")
	if _, err := TraceSource(path); !errors.Is(err, traces.ErrTrace) || !strings.Contains(err.Error(), path+":3") {
		t.Errorf("negative: %v", err)
	}
	late := make([]int, 1000)
	late[999] = 1
	silent, err := TraceSource(trace(t, late))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := silent.cut(draw{queries: 1}, time.Minute, 100); !errors.Is(err, ErrNothing) {
		t.Errorf("without events before: %v", err)
	}
}
