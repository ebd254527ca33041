package judge

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"rubato/env"
)

// hours is a query that was judged for so long, by a change.
func hours(q env.QueryKey, n float64, c Change) Judgement {
	return Judgement{Query: q, Seconds: 3600 * n, Change: c}
}

// sample are minutes of base, and of another that costs ratio of them on the
// whole and more or less by noise in turns.
func sample(n int, ratio, noise float64) (base, other Row) {
	stands, others := make([]float64, n), make([]float64, n)
	for i := range n {
		stands[i] = float64(50 + 100*(i%2))
		others[i] = ratio*stands[i] + noise*float64(1-2*(i/2%2))
	}
	return Row{minutes: [][]float64{stands}}, Row{minutes: [][]float64{others}}
}

func TestTheIntervalIsThatOfTheRatio(t *testing.T) {
	// What varies with base is no error of the ratio.
	base, other := sample(60, 0.15, 0)
	if c := change(&base, &other); math.Abs(c.Ratio-0.15) > 1e-9 || c.High-c.Low > 1e-9 || !c.Better() {
		t.Errorf("a share of each minute: %+v", c)
	}
	// Errors of +2 +2 -2 -2: by their autocovariances of 4, 0, -4, 0, 4, 0 the
	// weighted sum of Newey and West is 4 + 2 (-4 x 4/6 + 4 x 2/6) = 4/3, about,
	// so that 60 minutes have a deviation of sqrt(60 x 4/3) = 9 of 6000; t of nine
	// degrees is 2.26.
	base, other = sample(60, 0.9, 2)
	c := change(&base, &other)
	if math.Abs(c.Ratio-0.9) > 1e-9 || math.Abs(c.Deviation-math.Sqrt(80)/6000) > 3e-4 || c.Freedom != 9 {
		t.Errorf("%+v, of %v with %v degrees", c, c.Deviation, c.Freedom)
	}
	if half := (c.High - c.Low) / 2; math.Abs(half/c.Deviation-2.262) > 1e-3 {
		t.Errorf("%v standard errors", half/c.Deviation)
	}
}

func TestWhatTheQueueAtTheEndCostsIsCharged(t *testing.T) {
	base := Row{minutes: [][]float64{{1, 1, 1}}}
	other := Row{minutes: [][]float64{{1, 1, 1, 3}}} // a batch that outlasts the window
	if c := change(&base, &other); c.Ratio != 2 {
		t.Errorf("%+v", c)
	}
}

func TestQueriesCountAlikeAndTheirErrorsAddUp(t *testing.T) {
	s := Overall([]Judgement{
		hours("a", 2, around(0.8, 0.03, 20)), hours("b", 3, around(1, 0.04, 20)), {Query: "c", Why: "shared"},
		hours("d", 0.5, around(9, 1, 1)), // too short beside these
	})
	if math.Abs(s.Ratio-0.9) > 1e-9 || math.Abs(s.Deviation-0.025) > 1e-9 || s.Counted != 2 || s.Queries != 4 {
		t.Errorf("%+v", s)
	}
	if want := 25. * 25 / (9*9 + 16*16) * 20; math.Abs(s.Freedom-want) > 1e-6 {
		t.Errorf("%v degrees of freedom, want %v", s.Freedom, want)
	}
	if s = Overall([]Judgement{hours("d", 0.5, around(0.9, 0.01, 9))}); s.Counted != 1 {
		t.Errorf("the only one: %+v", s)
	}
}

func TestADifferenceThatMayBeChanceDoesNotPass(t *testing.T) {
	all := []Judgement{hours(orders, 2, around(0.99, 0.01, 100))}
	if err := Gate(all); !errors.Is(err, ErrUnsure) {
		t.Error(err)
	}
	// Better on the whole, and one query surely worse off.
	all = append(all, hours("a", 2, around(0.5, 0.005, 100)), hours("b", 2, around(1.1, 0.02, 100)))
	if c := Overall(all); !c.Better() {
		t.Errorf("%+v", c)
	}
	if err := Gate(all); !errors.Is(err, ErrWorse) {
		t.Error(err)
	}
}

func TestOneOfManyQueriesIsNotWorseByChance(t *testing.T) {
	odd := hours(orders, 2, around(1.021, 0.01, 100)) // 2.1 standard errors
	if err := Gate([]Judgement{odd}); !errors.Is(err, ErrWorse) {
		t.Errorf("alone: %v", err)
	}
	all := []Judgement{odd}
	for i := range 19 {
		all = append(all, hours(env.QueryKey(fmt.Sprint(i)), 2, around(0.9, 0.01, 100)))
	}
	if err := Gate(all); err != nil {
		t.Errorf("one of twenty: %v", err)
	}
}

func TestSixTimesTenMinutesAreNoHour(t *testing.T) {
	var all []Judgement
	for i := range 6 {
		all = append(all, hours(env.QueryKey(fmt.Sprint(i)), 1./6, around(0.5, 0.01, 100)))
	}
	if err := Gate(all); !errors.Is(err, ErrTooShort) {
		t.Error(err)
	}
}
