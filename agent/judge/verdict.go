package judge

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"rubato/agent/threshold"
)

const (
	// chance is how often a difference is taken for sure that is none, to either
	// side.
	chance = 0.025
	// slight is a cost that nothing can be a share of.
	slight = 1e-9
	// least is how long a query has to be known before it says anything by
	// itself, s.
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
	// Deviation is the standard error of Ratio, of so many degrees of freedom.
	Deviation float64 `json:"standardError"`
	Freedom   float64 `json:"degreesOfFreedom"`
}

// change is that of other over base, which costs something. The error of a ratio
// of sums is linear in other - Ratio x base of each minute (Cochran 1977, 2.11).
func change(base, other *Row) Change {
	if equal(base, other) {
		return Change{Ratio: 1, Low: 1, High: 1, Same: true}
	}
	var stands, others []float64
	for i, minutes := range base.minutes {
		n := min(len(minutes), len(other.minutes[i]))
		stands, others = append(stands, folded(minutes, n)...), append(others, folded(other.minutes[i], n)...)
	}
	cost, ratio := sum(stands), sum(others)/sum(stands)
	for i := range stands {
		stands[i] *= ratio
	}
	_, deviation := threshold.Compare(stands, others)
	n := float64(len(stands))
	return around(ratio, n*deviation/cost, max(n/(threshold.Together+1)-1, 1))
}

func sum(all []float64) (x float64) {
	for _, y := range all {
		x += y
	}
	return x
}

// folded is the first n of the minutes, the last of them with what came after.
func folded(minutes []float64, n int) []float64 {
	out := slices.Clone(minutes[:n])
	out[n-1] += sum(minutes[n:])
	return out
}

// around is a change whose ratio is known to a standard error.
func around(ratio, deviation, freedom float64) Change {
	c := Change{Ratio: ratio, Deviation: deviation, Freedom: freedom}
	c.Low, c.High = c.within(1)
	return c
}

// within is the interval that all of so many changes are in at once, with 95 %
// (Bonferroni), by Student's t.
func (c *Change) within(many int) (low, high float64) {
	if c.Deviation == 0 {
		return c.Ratio, c.Ratio
	}
	t := distuv.StudentsT{Sigma: 1, Nu: c.Freedom}.Quantile(1 - chance/float64(many))
	return c.Ratio - t*c.Deviation, c.Ratio + t*c.Deviation
}

// Better tells that the one that is judged surely costs less.
func (c *Change) Better() bool { return c.High < 1 }

// Summary is of all queries that were judged.
type Summary struct {
	// Change is the mean over the queries that count, each counting alike; Counted
	// is how many do, of Queries in all.
	Change
	Counted int `json:"counted"`
	Queries int `json:"queries"`
}

// Overall sums up. Queries that are known for less than an hour count only where
// none is known for longer.
func Overall(all []Judgement) (s Summary) {
	s.Queries = len(all)
	counted := counting(all)
	n := float64(len(counted))
	if s.Counted = len(counted); s.Counted == 0 {
		return s
	}
	var ratio, variance, spread float64
	same := true
	for _, j := range counted {
		c := &j.Change
		ratio += c.Ratio / n
		v := c.Deviation * c.Deviation / n / n
		variance += v
		if v > 0 {
			spread += v * v / c.Freedom
		}
		same = same && c.Same
	}
	// Degrees of freedom of a sum of variances (Welch and Satterthwaite).
	s.Change = around(ratio, math.Sqrt(variance), max(variance*variance/max(spread, math.SmallestNonzeroFloat64), 1))
	s.Same = same
	return s
}

func counting(all []Judgement) (counted []*Judgement) {
	for i := range all {
		if all[i].Why == "" {
			counted = append(counted, &all[i])
		}
	}
	if slices.ContainsFunc(counted, hour) {
		counted = slices.DeleteFunc(counted, func(j *Judgement) bool { return !hour(j) })
	}
	return counted
}

func hour(j *Judgement) bool { return j.Seconds >= least }

// Why a policy is not to be served.
var (
	// ErrTooShort says that there is too little to judge by.
	ErrTooShort = errors.New("a query has to be known for an hour at least since it was frozen")
	// ErrSame says that it decides as the other does.
	ErrSame = errors.New("it decides as the other does")
	// ErrUnsure says that the difference may be chance.
	ErrUnsure = errors.New("it is not surely better")
	// ErrWorse says that some query is surely worse off.
	ErrWorse = errors.New("it is surely worse")
)

// Gate says why the policy that was judged is not to be served in the other's
// place, and nil where it is surely better: on the whole, and for no query surely
// worse, though so many were asked.
func Gate(all []Judgement) error {
	counted := counting(all)
	if !slices.ContainsFunc(counted, hour) {
		longest := 0.0
		for _, j := range counted {
			longest = max(longest, j.Seconds)
		}
		return fmt.Errorf("%w: %.0f minutes are the most", ErrTooShort, longest/60)
	}
	c := Overall(all)
	if c.Same {
		return ErrSame
	}
	for _, j := range counted {
		if low, _ := j.Change.within(len(counted)); low > 1 {
			return fmt.Errorf("for %s %w: %.3f of the cost", j.Query, ErrWorse, j.Change.Ratio)
		}
	}
	if !c.Better() {
		return fmt.Errorf("%w: %.3f of the cost (95 %%: %.3f to %.3f)", ErrUnsure, c.Ratio, c.Low, c.High)
	}
	return nil
}
