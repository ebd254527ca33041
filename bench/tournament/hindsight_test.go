package tournament

import (
	"strings"
	"testing"

	"rubato/policy/rules"
)

func TestARuleTunedInHindsightPlaysWhereItIsNamedAndCostsNoMore(t *testing.T) {
	usual, err := lineup(nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range usual {
		if inHindsight(c.pool) {
			t.Errorf("%s plays unasked", c.name)
		}
	}
	best := SquareRoot + HindsightSuffix
	r := play(t, small(t, "bursts", []string{"light", "blind"}, []string{"balanced", "thrifty"}, []string{SquareRoot, best}))
	cheaper := false
	for _, cell := range split(r.Rows) {
		costs := map[string]Row{}
		for _, row := range cell {
			costs[row.Rival] = row
		}
		if len(costs) != 3 || costs[best].Chosen == "" || costs[best].CostRate > costs[SquareRoot].CostRate {
			t.Errorf("in hindsight %+v, as committed %+v", costs[best], costs[SquareRoot])
		}
		cheaper = cheaper || costs[best].CostRate < costs[SquareRoot].CostRate
	}
	if !cheaper {
		t.Error("hindsight gained nothing anywhere")
	}
	for _, g := range r.Goals {
		if strings.Contains(g.Note, HindsightSuffix) {
			t.Errorf("a goal is judged against hindsight: %+v", g)
		}
	}
}

func TestAParameterIsMovedWithinItsRange(t *testing.T) {
	for _, c := range []struct {
		p           rules.Parameter
		v, by, want float64
	}{
		{rules.Parameter{Low: 0, High: 2}, 1, 0.25, 1.5},
		{rules.Parameter{Low: 0, High: 2}, 1.9, 0.25, 2},
		{rules.Parameter{Low: 1, High: 100, Log: true}, 10, -0.5, 1},
		{rules.Parameter{Low: 1, High: 100, Log: true}, 10, 0.25, 31.6227766016838},
	} {
		if got := moved(c.p, c.v, c.by); !near(Figure(got), c.want) {
			t.Errorf("%+v: %v moved by %v is %v, want %v", c.p, c.v, c.by, got, c.want)
		}
	}
}
