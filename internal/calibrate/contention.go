package calibrate

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"rubato/env/sim"
)

// share fills in how long each batch ran beside batches of the driver's other
// queries.
func share(runs []*Run) {
	for _, r := range runs {
		rest := others(runs, r)
		for i := range r.Batches {
			b := &r.Batches[i]
			b.shared = make([]float64, len(runs))
			rest.walk(b.Start, b.End, func(span Span, beside int) bool {
				b.shared[beside] += span.To - span.From
				return true
			})
		}
	}
}

// timeline is how many batches of other queries were in course: from the
// moment at[i] on, beside[i].
type timeline struct {
	at     []float64
	beside []int
}

// others is the timeline of all runs but one.
func others(runs []*Run, but *Run) timeline {
	type edge struct {
		at   float64
		step int
	}
	var edges []edge
	for _, r := range runs {
		if r == but {
			continue
		}
		for _, s := range r.Busy {
			edges = append(edges, edge{s.From, 1}, edge{s.To, -1})
		}
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.step, b.step)) })
	var t timeline
	n := 0
	for _, e := range edges {
		n += e.step
		t.at, t.beside = append(t.at, e.at), append(t.beside, n)
	}
	return t
}

// walk tells fn of the stretches from one moment to another in which the
// number of the others' batches stands still, until fn returns false.
func (t timeline) walk(from, to float64, fn func(span Span, beside int) bool) {
	i := sort.Search(len(t.at), func(i int) bool { return t.at[i] > from })
	beside := 0
	if i > 0 {
		beside = t.beside[i-1]
	}
	for at := from; at < to; i++ {
		next := to
		if i < len(t.at) {
			next = min(t.at[i], to)
		}
		if next > at && !fn(Span{at, next}, beside) {
			return
		}
		if i < len(t.at) {
			beside = t.beside[i]
		}
		at = next
	}
}

// sharing is how batches of one driver slow each other down.
type sharing struct{ cores, contention float64 }

// speed is that of a batch beside others.
func (s sharing) speed(beside int) float64 {
	if s.contention == 0 {
		return 1
	}
	return sim.Speed(float64(beside+1), s.cores, s.contention)
}

// alone is how long the batch would have taken on a driver of its own.
func (s sharing) alone(b *Batch) float64 {
	if s.contention == 0 || b.shared == nil {
		return b.Duration()
	}
	sum := 0.0
	for beside, seconds := range b.shared {
		sum += seconds * s.speed(beside)
	}
	return sum
}

// stretch is how long work, s of a driver of its own, takes from a moment on,
// beside the others.
func (s sharing) stretch(rest timeline, from, work float64) float64 {
	if s.contention == 0 {
		return work
	}
	took := 0.0
	rest.walk(from, math.Inf(1), func(span Span, beside int) bool {
		speed := s.speed(beside)
		if seconds := work / speed; seconds <= span.To-span.From {
			took += seconds
			return false
		}
		work -= speed * (span.To - span.From)
		took += span.To - span.From
		return true
	})
	return took
}
