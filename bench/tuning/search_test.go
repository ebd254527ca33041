package tuning_test

import (
	"math"
	"slices"
	"testing"

	"rubato/bench/tuning"
	"rubato/policy/rules"
)

var two = []rules.Parameter{
	{Name: "x", Low: -1, High: 1, Default: 0.9},
	{Name: "y", Low: 0.01, High: 100, Log: true, Default: 50},
}

func bowl(v []float64, _ int) float64 {
	dx, dy := v[0]+0.3, math.Log(v[1])-math.Log(0.5)
	return dx*dx + 0.1*dy*dy
}

var budget = tuning.Budget{Cells: 8, Samples: 32, Finalists: 4, Steps: 60}

func TestTheSearchFindsTheBottomOfABowl(t *testing.T) {
	found := tuning.Search(two, budget, 1, bowl)
	if found.Objective > 1e-3 {
		t.Errorf("%+v", found)
	}
	if found.Objective != bowl(found.Values, 0) {
		t.Errorf("the objective of %v is %v, not %v", found.Values, bowl(found.Values, 0), found.Objective)
	}
}

func TestTheSameSeedFindsTheSameValues(t *testing.T) {
	a, b := tuning.Search(two, budget, 7, bowl), tuning.Search(two, budget, 7, bowl)
	if !slices.Equal(a.Values, b.Values) || a.Objective != b.Objective {
		t.Errorf("%+v, then %+v", a, b)
	}
}

func TestTheSearchStaysInTheRangesAndOnItsBudget(t *testing.T) {
	cells := 0
	found := tuning.Search(two, budget, 3, func(v []float64, n int) float64 {
		cells += n
		if v[0] < -1 || v[0] > 1 || v[1] < 0.01 || v[1] > 100 {
			t.Fatalf("tried %v", v)
		}
		return -v[0] - v[1] // the best is a corner
	})
	if found.Values[0] != 1 || found.Values[1] != 100 {
		t.Errorf("found %v", found.Values)
	}
	if want := budget.Evaluations() + budget.Cells; cells != want {
		t.Errorf("ran %d cells, want %d", cells, want)
	}
}

func TestTheSearchIsNeverWorseThanTheDefaults(t *testing.T) {
	needle := func(v []float64, _ int) float64 {
		if v[0] == 0.9 {
			return 0
		}
		return 1
	}
	if found := tuning.Search(two, budget, 5, needle); found.Objective != 0 || found.Values[0] != 0.9 {
		t.Errorf("left the default for %+v", found)
	}
}

func TestWithoutParametersThereIsNothingToFind(t *testing.T) {
	found := tuning.Search(nil, budget, 5, func([]float64, int) float64 { return 2 })
	if found.Objective != 2 || len(found.Values) != 0 {
		t.Errorf("%+v", found)
	}
}
