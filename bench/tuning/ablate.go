package tuning

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"rubato/env"
	"rubato/env/forecast"
	"rubato/env/sim"
	"rubato/policy"
	"rubato/policy/rules"
)

// Variant is another way to build the house: what is set is what differs.
type Variant struct {
	Name string
	// Ratio is that of the ladder's rungs, in place of env.Ratio.
	Ratio float64
	// Period is the time between ticks inside a wait.
	Period time.Duration
	// Without, where set, takes something out of a line.
	Without func(l *policy.Line)
}

// Variants are those of the ablation; the first is the house as it is.
func Variants() []Variant {
	return []Variant{
		{Name: "as it is: ratio 4, tick 0.2 s"},
		{Name: "ladder ratio 1.5", Ratio: 1.5},
		{Name: "ladder ratio 2", Ratio: 2},
		{Name: "ladder ratio 16", Ratio: 16},
		{Name: "tick 0.1 s", Period: 100 * time.Millisecond},
		{Name: "tick 0.5 s", Period: 500 * time.Millisecond},
		{Name: "tick 1 s", Period: time.Second},
		{Name: "without forecasts", Without: withoutForecasts},
		{Name: "without forecasts and trends", Without: func(l *policy.Line) {
			withoutForecasts(l)
			l.Weight[env.FeatureTrend], l.Weight[env.FeatureTrendFast], l.Weight[env.FeatureTrendSlow] = 0, 0, 0
			l.By.Trend, l.By.TrendFast = 0, 0
		}},
		{Name: "without the marginal cost", Without: withoutMarginal},
		{Name: "without the grain", Without: func(l *policy.Line) { l.Weight[env.FeatureGrain] = 0 }},
	}
}

func withoutForecasts(l *policy.Line) {
	l.Weight[env.FeatureForecast1], l.Weight[env.FeatureForecast3], l.Weight[env.FeatureForecast5] = 0, 0, 0
}

// withoutMarginal lowers the threshold by what the pressure then lacks of a
// steady query's, of which all terms are 1 at the end of its interval.
func withoutMarginal(l *policy.Line) {
	l.One += math.Log((1 + l.By.Next) / (1 + l.By.Next + l.By.Count))
	l.Weight[env.FeatureMarginal], l.By.Count = 0, 0
}

// Ablated is what a variant costs on the drivers of a kind, geometric means over
// what the waiting-cost rule at 0.6 costs in the house as it is, on the same
// arrivals. Error is the standard error of the logarithm of the line's cost over
// its cost in the house as it is.
type Ablated struct {
	Line, Rule, Error float64
}

// Ablate plays the line that policies start from, and the rule, in each variant
// on n calm drivers of the kind (see Cell.Calm), half of them typical ones. The
// line is not searched anew for the variant.
func Ablate(kind sim.Kind, seed uint64, n int, length time.Duration, variants []Variant) ([]Ablated, error) {
	lines, ruled := make([][]float64, n), make([][]float64, n) // logarithms, by driver and variant
	errs := make([]error, n)
	spread(n, func(_, i int) {
		for try := range uint64(tries) {
			h := house{kind: kind, seed: seed<<40 | uint64(i)<<8 | try, typical: i%2 == 0, length: length}
			var steady bool
			if lines[i], ruled[i], steady, errs[i] = h.compare(variants); steady || errs[i] != nil {
				return
			}
		}
	})
	for _, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("ablation on %v drivers: %w", kind, err)
		}
	}
	out := make([]Ablated, len(variants))
	for v := range variants {
		var line, rule, difference, square float64
		for i := range n {
			line += lines[i][v] / float64(n)
			rule += ruled[i][v] / float64(n)
			difference += (lines[i][v] - lines[i][0]) / float64(n)
		}
		for i := range n {
			d := lines[i][v] - lines[i][0] - difference
			square += d * d
		}
		out[v] = Ablated{math.Exp(line), math.Exp(rule), math.Sqrt(square / float64(max(n-1, 1)) / float64(n))}
	}
	return out, nil
}

// house is one driver, built in one way after another.
type house struct {
	kind    sim.Kind
	seed    uint64
	typical bool
	length  time.Duration
}

// compare returns, for each variant, the logarithms of what line and rule cost
// over what the rule costs in the first. steady is false where a hair's
// difference decides.
func (h *house) compare(variants []Variant) (line, rule []float64, steady bool, err error) {
	lines := policy.PriorLines()
	costs := func(v *Variant, l *policy.Lines, threshold float64) float64 {
		c, e := h.cost(v, l, threshold)
		if err == nil {
			err = e
		}
		return c + slight
	}
	base := costs(&variants[0], nil, rules.DefaultThreshold)
	steady = true
	for _, k := range []float64{1 - hair, 1 + hair} {
		x := costs(&variants[0], nil, k*rules.DefaultThreshold)
		steady = steady && math.Abs(math.Log(x/base)) <= calm
	}
	for i := range variants {
		v := &variants[i]
		line = append(line, math.Log(costs(v, v.maimed(lines), 0)/base))
		rule = append(rule, math.Log(costs(v, nil, rules.DefaultThreshold)/base))
	}
	return line, rule, steady, err
}

// maimed are the lines without what v leaves out.
func (v *Variant) maimed(lines policy.Lines) *policy.Lines {
	if v.Without != nil {
		v.Without(&lines.Sighted)
		v.Without(&lines.Blind)
	}
	return &lines
}

// ladder is l with v's ratio between its rungs.
func (v *Variant) ladder(l env.Ladder) (env.Ladder, error) {
	if v.Ratio == 0 {
		return l, nil
	}
	var rungs []time.Duration
	most := l.Interval(l.Len() - 1)
	for d := l.Interval(0); d < most; d = time.Duration(float64(d) * v.Ratio) {
		rungs = append(rungs, d)
	}
	l, err := env.LadderOf(append(rungs, most))
	if err != nil {
		return l, fmt.Errorf("variant %q: %w", v.Name, err)
	}
	return l, nil
}

// cost is the driver's cost rate, its queries' sum, under the lines or, where
// there are none, under the rule of that threshold; both on the ladder.
func (h *house) cost(v *Variant, lines *policy.Lines, threshold float64) (float64, error) {
	draw := sim.RandomDriver
	if h.typical {
		draw = sim.TypicalDriver
	}
	d := draw(rand.New(rand.NewPCG(h.seed, 0xab1a7e)), h.kind)
	for i := range d.Queries {
		q := &d.Queries[i]
		q.Duration = h.length
		if lines != nil {
			q.Forecaster = func() env.Forecaster { return forecast.New() }
		}
		q.Settings.Period = v.Period
		var err error
		if q.Settings.Ladder, err = v.ladder(q.Settings.Ladder); err != nil {
			return 0, err
		}
	}
	s, err := sim.NewDriver(d)
	if err != nil {
		return 0, err
	}
	rule := rules.WaitingCost{Threshold: threshold}
	var features env.Features
	for {
		t, ok := s.Next()
		if !ok {
			break
		}
		var action env.Action
		if lines != nil {
			action = lines.Choose(&t.Observation, t.Mask, &features)
		} else {
			var p policy.Probabilities
			rule.Probabilities(&t.Observation, t.Mask, &p)
			action = p.Argmax(t.Mask)
		}
		s.Act(t.Query, int(t.Observation.Rung)+action.Delta())
	}
	sum := 0.0
	for i := range d.Queries {
		sum += s.Score(i).CostRate(d.Queries[i].Settings.Weights)
	}
	return sum, nil
}
