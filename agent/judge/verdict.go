package judge

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"rubato/agent/threshold"
)

const (
	// sure is how many standard errors make a difference that is no chance: two
	// in a hundred are as great to either side by chance.
	sure = 1.96
	// slight is a cost that can be divided by.
	slight = 1e-9
	// least is how much has to be played before anything is said, s.
	least = 3600
)

// Change is what one contestant costs over another on the same arrivals, and the
// 95 % interval of that.
type Change struct {
	Ratio float64 `json:"ratio"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	// Same says that they decided alike throughout.
	Same bool `json:"same"`
}

// change is that of other over base.
func change(base, other *Row) Change {
	if equal(base, other) {
		return Change{Ratio: 1, Low: 1, High: 1, Same: true}
	}
	var stands, others []float64
	cost := slight
	for i, minutes := range base.minutes {
		n := min(len(minutes), len(other.minutes[i]))
		stands, others = append(stands, folded(minutes, n)...), append(others, folded(other.minutes[i], n)...)
	}
	for _, x := range stands {
		cost += x
	}
	mean, deviation := threshold.Compare(stands, others)
	n := float64(len(stands))
	return around(n*mean/cost, n*deviation/cost)
}

// folded is the first n of the minutes, the last of them with what came after.
func folded(minutes []float64, n int) []float64 {
	out := slices.Clone(minutes[:n])
	for _, x := range minutes[n:] {
		out[n-1] += x
	}
	return out
}

// around is the change of a share that is known to a standard error.
func around(share, deviation float64) Change {
	return Change{Ratio: 1 + share, Low: 1 + share - sure*deviation, High: 1 + share + sure*deviation}
}

// Better tells that the one that is judged surely costs less.
func (c Change) Better() bool { return c.High < 1 }

// Worse tells that it surely costs more.
func (c Change) Worse() bool { return c.Low > 1 }

// Overall is the mean change over the queries that were played, each counting
// alike, and how many seconds were played.
func Overall(all []Judgement) (c Change, seconds float64) {
	var share, variance, n float64
	same := true
	for i := range all {
		j := &all[i]
		if j.Why != "" {
			continue
		}
		n++
		seconds += j.Seconds
		share += j.Change.Ratio - 1
		deviation := (j.Change.High - j.Change.Ratio) / sure
		variance += deviation * deviation
		same = same && j.Change.Same
	}
	if n == 0 {
		return Change{Ratio: math.NaN(), Low: math.NaN(), High: math.NaN()}, 0
	}
	c = around(share/n, math.Sqrt(variance)/n)
	c.Same = same
	return c, seconds
}

// Why a policy is not to be served.
var (
	// ErrTooShort says that there is too little to judge by.
	ErrTooShort = errors.New("an hour at least has to be known since it was frozen")
	// ErrSame says that it decides as the other does.
	ErrSame = errors.New("it decides as the other does")
	// ErrUnsure says that the difference may be chance.
	ErrUnsure = errors.New("it is not surely better")
	// ErrWorse says that some query is surely worse off.
	ErrWorse = errors.New("it is surely worse")
)

// Gate says why the policy that was judged is not to be served in the other's
// place, and nil where it is surely better: on the whole, and for no query surely
// worse.
func Gate(all []Judgement) error {
	c, seconds := Overall(all)
	switch {
	case seconds < least:
		return fmt.Errorf("%w: %.0f minutes are", ErrTooShort, seconds/60)
	case c.Same:
		return ErrSame
	}
	for i := range all {
		if all[i].Why == "" && all[i].Change.Worse() {
			return fmt.Errorf("for %s %w: %.3f of the cost", all[i].Query, ErrWorse, all[i].Change.Ratio)
		}
	}
	if !c.Better() {
		return fmt.Errorf("%w: %.3f of the cost (95 %%: %.3f to %.3f)", ErrUnsure, c.Ratio, c.Low, c.High)
	}
	return nil
}
