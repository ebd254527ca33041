package tournament

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"rubato/env/sim"
	"rubato/env/sim/traces"
)

// Source is where arrivals come from: a workload or a trace.
type Source struct {
	Name string
	// cut makes the window for a draw; length 0 means all that there is.
	cut func(n draw, length time.Duration, rate float64) (window, error)
}

// draw numbers a window: the seed of its bout and its query's place among the
// queries of the driver.
type draw struct{ seed, query, queries int }

// again is the same draw with other arrivals.
func (n draw) again(apart int) draw {
	n.seed += apart
	return n
}

// window is a stretch of a source at a mean rate.
type window struct {
	length time.Duration
	load   func() sim.Load
	// reference is the mean rate before the window, events/s; 0 draws the load
	// anew for it.
	reference float64
	// place is that of the window's first block in the source.
	place int
}

const (
	// wholeWorkload is how long a workload is played for where traces are
	// played whole.
	wholeWorkload = time.Hour
	// apart lies between the places of windows that have nothing in common.
	apart = 1 << 20
)

// WorkloadSource returns the named workload of env/sim.
func WorkloadSource(name string) (Source, error) {
	var names []string
	for _, w := range sim.Workloads() {
		if w.Name == name {
			return workload(w), nil
		}
		names = append(names, w.Name)
	}
	return Source{}, fmt.Errorf("workload %q: %w; there are %s", name, ErrUnknown, strings.Join(names, ", "))
}

func workload(w sim.Workload) Source {
	return Source{Name: w.Name, cut: func(n draw, length time.Duration, rate float64) (window, error) {
		if length == 0 {
			length = wholeWorkload
		}
		// The same shape each time it is asked for: once for the run, once,
		// drawn apart, for its past.
		shape := seedOf(w.Name, "shape", n)
		return window{
			length: length, place: n.seed * apart,
			load: func() sim.Load { return sim.Scaled(w.New(rand.New(rand.NewPCG(shape, 1))), rate) },
		}, nil
	}}
}

// Sources returns what the command line names: a trace or a folder of traces,
// and workloads by name, or "all"; all workloads where neither is named.
func Sources(tracePath, workloads string) ([]Source, error) {
	var all []Source
	if tracePath != "" {
		paths, err := traces.Paths(tracePath)
		if err != nil {
			return nil, err
		}
		if len(paths) == 0 {
			return nil, fmt.Errorf("traces: %s has no .csv files: %w", tracePath, ErrNothing)
		}
		for _, path := range paths {
			s, err := TraceSource(path)
			if err != nil {
				return nil, err
			}
			all = append(all, s)
		}
	}
	if workloads == "" && tracePath == "" {
		workloads = "all"
	}
	if workloads == "all" {
		for _, w := range sim.Workloads() {
			all = append(all, workload(w))
		}
		return all, nil
	}
	for _, name := range strings.FieldsFunc(workloads, func(r rune) bool { return r == ',' }) {
		s, err := WorkloadSource(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// SelectKinds returns the named kinds; all, where none are named.
func SelectKinds(names []string) ([]Kind, error) {
	return choose("kind", Kinds(), names, func(k Kind) string { return k.Name })
}

// SelectWeightings returns the named of all; all, where none are named.
func SelectWeightings(all []Weighting, names []string) ([]Weighting, error) {
	return choose("weighting", all, names, func(w Weighting) string { return w.Name })
}

// CheckRivals tells whether every name is a rival's.
func CheckRivals(names []string) error {
	_, err := choose("rival", RivalNames(), names, func(n string) string { return n })
	return err
}

func choose[T any](what string, all []T, names []string, name func(T) string) ([]T, error) {
	if len(names) == 0 {
		return all, nil
	}
	var chosen []T
	for _, n := range names {
		i := slices.IndexFunc(all, func(x T) bool { return name(x) == n })
		if i < 0 {
			var known []string
			for _, x := range all {
				known = append(known, name(x))
			}
			return nil, fmt.Errorf("%s %q: %w; there are %s", what, n, ErrUnknown, strings.Join(known, ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
