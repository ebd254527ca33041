package tuning

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"sync"
	"time"

	"rubato/env/sim"
	"rubato/internal/parallel"
	"rubato/policy/rules"
)

// regimes pairs what a rule may be meant for with the kind of query that it is.
var regimes = []struct {
	regime rules.Regime
	kind   sim.Kind
}{
	{rules.Sighted, sim.Sighted},
	{rules.Blind, sim.Blind},
	{rules.Target, sim.Target},
	{rules.Shared, sim.Shared},
	{rules.OffModel, sim.OffModel},
}

// Cells are drawn cells of every kind, as many of each.
type Cells struct {
	byKind [][]*Cell // in the order of regimes
}

// tries is how often a cell is drawn anew that is not calm; the last is taken as
// it is.
const tries = 8

// Draw draws n calm cells of each kind by the seed, two in three of them from
// the middle of the distribution, as those are that the policy is trained on.
func Draw(n int, seed uint64, length time.Duration) (*Cells, error) {
	c := &Cells{byKind: make([][]*Cell, len(regimes))}
	for k := range regimes {
		c.byKind[k] = make([]*Cell, n)
	}
	err := parallel.Do(context.Background(), 0, len(regimes)*n, func(_ context.Context, i int) (err error) {
		k, j := i/n, i%n
		for try := range uint64(tries) {
			c.byKind[k][j], err = NewCell(regimes[k].kind, j%3 != 0, seed*1e9+try*1e6+uint64(i), length)
			if err != nil || c.byKind[k][j].Calm() {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("drawing the training cells: %w", err)
	}
	return c, nil
}

// CellsOfAKind is how many cells of each kind a search needs: of the rules, the
// one meant for the fewest kinds takes most of each.
func CellsOfAKind(b Budget) int {
	kinds := len(regimes)
	for _, e := range rules.Rivals() {
		if len(e.Parameters) > 0 {
			kinds = min(kinds, bits.OnesCount8(uint8(e.Meant)))
		}
	}
	return (b.Cells + kinds - 1) / kinds
}

// For are the first n cells for a rule meant for these regimes: its kinds in
// turn. There are fewer where not as many were drawn.
func (c *Cells) For(meant rules.Regime, n int) []*Cell {
	var mine []*Cell
	for j := 0; len(mine) < n; j++ {
		before := len(mine)
		for k, r := range regimes {
			if meant&r.regime != 0 && j < len(c.byKind[k]) && len(mine) < n {
				mine = append(mine, c.byKind[k][j])
			}
		}
		if len(mine) == before {
			break
		}
	}
	return mine
}

// scratch are simulators to play in, kept from one play to the next.
var scratch = sync.Pool{New: func() any { return new(sim.Sim) }}

// Judge returns, for each cell, the logarithm of the rule's cost over that of
// the waiting-cost rule at 0.6, meant over the cell's queries.
func Judge(cells []*Cell, e rules.Entry, values []float64) []float64 {
	logs := make([]float64, len(cells))
	_ = parallel.Do(context.Background(), 0, len(cells), func(_ context.Context, i int) error { // no cell fails
		s := scratch.Get().(*sim.Sim)
		defer scratch.Put(s)
		logs[i] = cells[i].judge(s, e, values)
		return nil
	})
	return logs
}

// Ratio is the geometric mean, over cells, of the rule's cost over that of the
// waiting-cost rule at 0.6.
func Ratio(cells []*Cell, e rules.Entry, values []float64) float64 {
	return math.Exp(mean(Judge(cells, e, values), func(x float64) float64 { return x }))
}

func mean(logs []float64, of func(float64) float64) float64 {
	sum := 0.0
	for _, x := range logs {
		sum += of(x)
	}
	return sum / float64(max(len(logs), 1))
}

// temperateTo is from where on a cell's logarithm counts for less.
const temperateTo = 0.2

// temperate is what a search makes small: x where it is small, and of large
// ones the logarithm, so that no few cells outvote the rest.
func temperate(x float64) float64 {
	size := math.Abs(x)
	if size <= temperateTo {
		return x
	}
	return math.Copysign(temperateTo*(1+math.Log(size/temperateTo)), x)
}

// Tune searches the rule's parameters on the training cells and judges what it
// found on others.
func Tune(e rules.Entry, b Budget, seed uint64, training, heldOut *Cells) rules.TunedRule {
	mine := training.For(e.Meant, b.Cells)
	found := Search(e.Parameters, b, seed, func(values []float64, n int) float64 {
		return mean(Judge(mine[:min(n, len(mine))], e, values), temperate)
	})
	others := heldOut.For(e.Meant, b.Cells)
	t := rules.TunedRule{
		Objective: tidy(Ratio(mine, e, found.Values)), Default: tidy(Ratio(mine, e, e.Defaults())),
		HeldOut: tidy(Ratio(others, e, found.Values)), HeldOutDefault: tidy(Ratio(others, e, e.Defaults())),
		Values: make(map[string]float64, len(found.Values)),
	}
	for i, p := range e.Parameters {
		t.Values[p.Name] = found.Values[i]
	}
	return t
}

// tidy is x to four decimals, for the file.
func tidy(x float64) float64 { return math.Round(x*1e4) / 1e4 }
