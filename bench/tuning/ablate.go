package tuning

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"rubato/env"
	"rubato/env/forecast"
	"rubato/env/sim"
	"rubato/internal/parallel"
	"rubato/policy"
	"rubato/policy/rules"
)

// Variant is another way to build the tuner: what is set is what differs.
type Variant struct {
	Name string
	// Ratio is that of the ladder's rungs, in place of env.Ratio.
	Ratio float64
	// Period is the time between ticks inside a wait.
	Period time.Duration
	// Without, where set, takes something out of a line.
	Without func(l *policy.Line)
	// Rival, where set, is the rule that plays in the line's place, outright.
	Rival string
	// Foretold is set where forecasts are what will come, second by second.
	Foretold bool
}

// Variants are those of the ablation; the first is the tuner as it is.
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
			l.Pressure.Trend, l.Pressure.TrendFast = 0, 0
		}},
		{Name: "without the marginal cost", Without: withoutMarginal},
		{Name: "without the grain", Without: func(l *policy.Line) { l.Weight[env.FeatureGrain] = 0 }},
		{Name: "the next seconds foretold", Foretold: true},
		{Name: "model-predictive rule", Rival: "model-predictive"},
		{Name: "the same, the next seconds foretold", Rival: "model-predictive", Foretold: true},
	}
}

func withoutForecasts(l *policy.Line) {
	l.Weight[env.FeatureForecast1], l.Weight[env.FeatureForecast3], l.Weight[env.FeatureForecast5] = 0, 0, 0
}

// withoutMarginal lowers the threshold by what the pressure then lacks of a
// steady query's, of which all terms are 1 at the end of its interval.
func withoutMarginal(l *policy.Line) {
	l.Bias += math.Log((1 + l.Pressure.Next) / (1 + l.Pressure.Next + l.Pressure.Count))
	l.Weight[env.FeatureMarginal], l.Pressure.Count = 0, 0
}

// Ablated is what a variant costs on the drivers of a kind, geometric means over
// what the waiting-cost rule at 0.6 costs in the tuner as it is, on the same
// arrivals. Error is the standard error of the logarithm of the line's cost over
// its cost in the tuner as it is.
type Ablated struct {
	Line, Rule, Error float64
}

// Ablate plays the line that policies start from, and the rule, in each variant
// on n calm drivers of the kind (see Cell.Calm), half of them typical ones. The
// line is not searched anew for the variant.
func Ablate(kind sim.Kind, seed uint64, n int, length time.Duration, variants []Variant) ([]Ablated, error) {
	lines, ruled := make([][]float64, n), make([][]float64, n) // logarithms, by driver and variant
	err := parallel.Do(context.Background(), 0, n, func(_ context.Context, i int) (err error) {
		for try := range uint64(tries) {
			h := subject{kind: kind, seed: seed<<40 | uint64(i)<<8 | try, typical: i%2 == 0, length: length}
			var steady bool
			if lines[i], ruled[i], steady, err = h.compare(variants); steady || err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ablation on %v drivers: %w", kind, err)
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

// subject is one driver, tuned in one way after another.
type subject struct {
	kind    sim.Kind
	seed    uint64
	typical bool
	length  time.Duration
}

// compare returns, for each variant, the logarithms of what line and rule cost
// over what the rule costs in the first. steady is false where a hair's
// difference decides.
func (h *subject) compare(variants []Variant) (line, rule []float64, steady bool, err error) {
	costs := func(v *Variant, foresees bool, act actor) float64 {
		c, e := h.cost(v, foresees, act)
		if err == nil {
			err = e
		}
		return c + slight
	}
	base := costs(&variants[0], false, byRule(rules.DefaultThreshold))
	steady = true
	for _, k := range []float64{1 - hair, 1 + hair} {
		x := costs(&variants[0], false, byRule(k*rules.DefaultThreshold))
		steady = steady && math.Abs(math.Log(x/base)) <= calm
	}
	for i := range variants {
		v := &variants[i]
		act, err := v.actor()
		if err != nil {
			return nil, nil, false, err
		}
		line = append(line, math.Log(costs(v, true, act)/base))
		rule = append(rule, math.Log(costs(v, false, byRule(rules.DefaultThreshold))/base))
	}
	return line, rule, steady, err
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

// cost is the driver's cost rate, its queries' sum, under what commands it.
func (h *subject) cost(v *Variant, foresees bool, act actor) (float64, error) {
	draw := sim.RandomDriver
	if h.typical {
		draw = sim.TypicalDriver
	}
	d := draw(rand.New(rand.NewPCG(h.seed, 0xab1a7e)), h.kind)
	ladders := map[env.QueryKey]env.Ladder{}
	for i := range d.Queries {
		q := &d.Queries[i]
		q.Duration = h.length
		q.Settings.Period = v.Period
		var err error
		if q.Settings.Ladder, err = v.ladder(q.Settings.Ladder); err != nil {
			return 0, err
		}
		ladders[q.Query] = q.Settings.Ladder
	}
	if foresees {
		if err := h.foresee(v, d); err != nil {
			return 0, err
		}
	}
	s, err := sim.NewDriver(d)
	if err != nil {
		return 0, err
	}
	for {
		t, ok := s.Next()
		if !ok {
			break
		}
		act(s, &t, ladders[t.Query])
	}
	sum := 0.0
	for i := range d.Queries {
		sum += s.Score(i).CostRate(d.Queries[i].Settings.Weights)
	}
	return sum, nil
}

// foresee gives d's queries the forecaster that v has.
func (h *subject) foresee(v *Variant, d sim.Driver) error {
	for i := range d.Queries {
		d.Queries[i].Forecaster = func() env.Forecaster { return forecast.New() }
	}
	if !v.Foretold {
		return nil
	}
	all, err := countSeconds(d, h.length)
	if err != nil {
		return err
	}
	for i, seconds := range all {
		d.Queries[i].Forecaster = func() env.Forecaster { return &foretold{seconds: seconds} }
	}
	return nil
}
