package tuning

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"rubato/policy/rules"
)

// Budget is how much a search may try. Every rule gets the same.
type Budget struct {
	// Cells is the number of cells that a candidate is judged on.
	Cells int
	// Samples is the number of random candidates, judged on a quarter of the
	// cells; the best Finalists of them are judged on all.
	Samples, Finalists int
	// Steps is the number of candidates of the evolution strategy after that.
	Steps int
}

// Evaluations is how many cells a search runs.
func (b Budget) Evaluations() int {
	return b.Samples*b.quarter() + (b.Finalists+b.Steps)*b.Cells
}

func (b Budget) quarter() int { return max(b.Cells/4, 1) }

// Objective is what is to be made small: the judgement of the values on the
// first so many cells.
type Objective func(values []float64, cells int) float64

// Found is what a search ended with.
type Found struct {
	Values    []float64
	Objective float64
}

// brood is the number of candidates of one generation.
const brood = 4

// Search returns the best values found for the parameters. The same seed gives
// the same values. Without parameters it judges once.
func Search(parameters []rules.Parameter, b Budget, seed uint64, judge Objective) Found {
	point := make([]float64, len(parameters)) // in the unit cube
	for i, p := range parameters {
		point[i] = toUnit(p, p.Default)
	}
	standard := judge(values(parameters, point), b.Cells)
	best := candidate{point, standard}
	if len(parameters) == 0 {
		return Found{Values: []float64{}, Objective: standard}
	}
	rng := rand.New(rand.NewPCG(seed, uint64(len(parameters))))
	for _, c := range sample(parameters, b, rng, judge) {
		c.value = judge(values(parameters, c.point), b.Cells)
		if c.value < best.value {
			best = c
		}
	}
	best = evolve(parameters, b, rng, judge, best)
	return Found{Values: values(parameters, best.point), Objective: best.value}
}

type candidate struct {
	point []float64
	value float64
}

// sample returns the best of random candidates: half of them anywhere, half
// around the defaults.
func sample(parameters []rules.Parameter, b Budget, rng *rand.Rand, judge Objective) []candidate {
	all := make([]candidate, b.Samples)
	for i := range all {
		point := make([]float64, len(parameters))
		for j, p := range parameters {
			if point[j] = rng.Float64(); i%2 == 1 {
				point[j] = inside(toUnit(p, p.Default) + 0.15*rng.NormFloat64())
			}
		}
		all[i] = candidate{point, judge(values(parameters, point), b.quarter())}
	}
	slices.SortStableFunc(all, func(x, y candidate) int { return cmp.Compare(x.value, y.value) })
	return all[:min(b.Finalists, len(all))]
}

// evolve is a (1+4) evolution strategy: the width grows after a generation in
// which one in five or more were better, else it shrinks.
func evolve(parameters []rules.Parameter, b Budget, rng *rand.Rand, judge Objective, best candidate) candidate {
	width := 0.15
	for tried := 0; tried < b.Steps; {
		parent, better := best.point, 0
		n := min(brood, b.Steps-tried)
		for range n {
			point := make([]float64, len(parent))
			for j, x := range parent {
				point[j] = inside(x + width*rng.NormFloat64())
			}
			if c := (candidate{point, judge(values(parameters, point), b.Cells)}); c.value < best.value {
				best, better = c, better+1
			}
		}
		tried += n
		if 5*better >= n {
			width = min(width*1.3, 0.3)
		} else {
			width = max(width*0.8, 0.005)
		}
	}
	return best
}

func inside(x float64) float64 { return min(max(x, 0), 1) }

// toUnit places v in its parameter's range.
func toUnit(p rules.Parameter, v float64) float64 {
	if p.Log {
		return inside(math.Log(v/p.Low) / math.Log(p.High/p.Low))
	}
	return inside((v - p.Low) / (p.High - p.Low))
}

// values are the parameters' values at a point of the unit cube, to four
// digits: what is judged is what is committed.
func values(parameters []rules.Parameter, point []float64) []float64 {
	v := make([]float64, len(point))
	for i, p := range parameters {
		x := p.Low + point[i]*(p.High-p.Low)
		if p.Log {
			x = p.Low * math.Pow(p.High/p.Low, point[i])
		}
		v[i] = min(max(rounded(x), p.Low), p.High)
	}
	return v
}

// rounded is x to four significant digits.
func rounded(x float64) float64 {
	if math.Abs(x) < 1e-6 {
		return 0
	}
	v, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64) // of what was just formatted
	return v
}
