package env

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Ratio is that of two neighbouring rungs of a Ladder. It is coarse: ticks inside
// the wait and Tracker.Command give the fine timing, and few rungs are soon walked
// down. Costs at 2 to 16 are about equal.
const Ratio = 4

// Ladder holds the intervals that may be commanded: min x Ratio^n below max, and
// max. The zero Ladder is empty and not usable.
type Ladder struct {
	rungs []time.Duration
}

// NewLadder returns the ladder between lo and hi inclusive.
func NewLadder(lo, hi time.Duration) (Ladder, error) {
	if lo < time.Millisecond || hi < lo {
		return Ladder{}, fmt.Errorf("ladder from %v to %v: want 1ms <= min <= max", lo, hi)
	}
	var rungs []time.Duration
	for d := lo; d < hi; d *= Ratio {
		rungs = append(rungs, d)
		if d > math.MaxInt64/Ratio {
			break
		}
	}
	return Ladder{rungs: append(rungs, hi)}, nil
}

// LadderOf returns the ladder of these rungs, which have to rise.
func LadderOf(rungs []time.Duration) (Ladder, error) {
	for i, d := range rungs {
		if d < time.Millisecond || i > 0 && d <= rungs[i-1] {
			return Ladder{}, fmt.Errorf("rung %d of %v does not rise", i, rungs)
		}
	}
	return Ladder{rungs: rungs}, nil
}

// Len is the number of rungs.
func (l Ladder) Len() int { return len(l.rungs) }

// Interval returns the rung's interval; rung is held to the ladder's ends.
func (l Ladder) Interval(rung int) time.Duration { return l.rungs[l.clamp(rung)] }

// Nearest returns the rung nearest to d in the logarithm.
func (l Ladder) Nearest(d time.Duration) int {
	best, dist := 0, math.Inf(1)
	for i, r := range l.rungs {
		if x := math.Abs(math.Log(float64(r) / float64(max(d, 1)))); x < dist {
			best, dist = i, x
		}
	}
	return best
}

// Step returns the rung after action a.
func (l Ladder) Step(rung int, a Action) int { return l.clamp(rung + a.Delta()) }

// Mask tells which actions move within the ladder; Keep always does.
func (l Ladder) Mask(rung int) Mask {
	return Mask{rung > 0, true, rung < len(l.rungs)-1}
}

// MarshalJSON writes the rungs in nanoseconds.
func (l Ladder) MarshalJSON() ([]byte, error) { return json.Marshal(l.rungs) }

// UnmarshalJSON reads the rungs; they have to rise.
func (l *Ladder) UnmarshalJSON(b []byte) error {
	var rungs []time.Duration
	if err := json.Unmarshal(b, &rungs); err != nil {
		return fmt.Errorf("reading a ladder: %w", err)
	}
	read, err := LadderOf(rungs)
	if err != nil {
		return fmt.Errorf("reading a ladder: %w", err)
	}
	*l = read
	return nil
}

func (l Ladder) clamp(rung int) int { return min(max(rung, 0), len(l.rungs)-1) }
