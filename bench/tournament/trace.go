package tournament

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"time"

	"rubato/env/sim/traces"
)

const (
	// pastShare is the part of a trace that is left for its past, at most
	// longestPast s.
	pastShare   = 0.25
	longestPast = 1200
	// leastTrace is the length of the shortest trace that can be played, s.
	leastTrace = 2 * BlockSeconds
)

// TraceSource reads a trace, named after its file. A window begins after a past
// of its own, at a whole block; its reference rate, and the scale to the kind's
// rate, are the mean of what lies before it.
func TraceSource(path string) (Source, error) {
	t, err := traces.Read(path)
	if err != nil {
		return Source{}, err
	}
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	if n := t.Len(); n < leastTrace {
		return Source{}, fmt.Errorf("trace %s: %d s, want at least %d: %w", path, n, leastTrace, ErrNothing)
	}
	return Source{Name: name, cut: func(n draw, length time.Duration, rate float64) (window, error) {
		from, seconds := cutTrace(name, t, n, int(length/time.Second))
		mean := t.Mean(0, from)
		if !(mean > 0) {
			return window{}, fmt.Errorf("trace %s: no events in the %d s before the window: %w", path, from, ErrNothing)
		}
		return window{
			length: time.Duration(seconds) * time.Second, place: from / BlockSeconds,
			load: t.Load(rate/mean, from), reference: rate,
		}, nil
	}}, nil
}

// cutTrace places a window of the given length (0 for all that there is) after
// a past in which something arrived.
func cutTrace(name string, t *traces.Trace, n draw, length int) (from, seconds int) {
	past := min(int(pastShare*float64(t.Len())), longestPast)
	past = max(past/BlockSeconds, 1) * BlockSeconds
	for past+BlockSeconds < t.Len() && t.Mean(0, past) == 0 {
		past += BlockSeconds
	}
	room := t.Len() - past
	if length == 0 {
		length = room
		if n.queries > 1 {
			length /= 2
		}
	}
	length = min(length, room)
	places := (room-length)/BlockSeconds + 1
	rng := rand.New(rand.NewPCG(seedOf(name, "window", n), 1))
	return past + BlockSeconds*rng.IntN(places), length
}
