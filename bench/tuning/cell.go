package tuning

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"rubato/env"
	"rubato/env/forecast"
	"rubato/env/sim"
	"rubato/policy/rules"
)

// Cell is one driver of the training distribution, ready to be played again
// and again on the same arrivals and the same noise.
type Cell struct {
	Kind sim.Kind
	// start is the cell at its start, plain the same without a forecaster, for
	// rules that do not look at forecasts.
	start, plain *sim.Sim
	queries      []query
}

// query is one of a cell's.
type query struct {
	key      env.QueryKey
	weights  env.Weights
	ladder   env.Ladder
	seconds  []float64 // arrivals of each second, events
	baseline float64   // cost rate of the waiting-cost rule at 0.6
}

// A cell is calm where one percent more or less of the rule's threshold moves
// the cost by less than calm: elsewhere chance decides between rules.
const (
	hair = 0.01
	calm = 0.02
)

// slight is a cost rate that is as good as none: idle cells have ratios too.
const slight = 1e-6

// NewCell draws a cell of the kind by the seed, from the middle of the
// distribution or from all of it, and plays the rule that all are measured by.
func NewCell(kind sim.Kind, typical bool, seed uint64, length time.Duration) (*Cell, error) {
	draw := sim.RandomDriver
	if typical {
		draw = sim.TypicalDriver
	}
	d := draw(rand.New(rand.NewPCG(seed, 4)), kind)
	c := &Cell{Kind: kind, queries: make([]query, len(d.Queries))}
	for i := range d.Queries {
		q := &d.Queries[i]
		q.Duration = length
		c.queries[i] = query{key: q.Query, weights: q.Settings.Weights, ladder: q.Settings.Ladder}
	}
	all, err := countSeconds(d, length)
	if err != nil {
		return nil, err
	}
	for i, seconds := range all {
		c.queries[i].seconds = seconds
	}
	if c.plain, err = sim.NewDriver(d); err == nil {
		for i := range d.Queries {
			d.Queries[i].Forecaster = func() env.Forecaster { return forecast.New() }
		}
		c.start, err = sim.NewDriver(d)
	}
	if err != nil {
		return nil, fmt.Errorf("cell %v %d: %w", kind, seed, err)
	}
	base, ok := rules.Find("waiting-cost-0.6")
	if !ok {
		return nil, fmt.Errorf("cell %v %d: no rule to measure by", kind, seed)
	}
	for i, cost := range c.play(new(sim.Sim), base, nil) {
		c.queries[i].baseline = cost
	}
	return c, nil
}

// Calm tells whether a hair's difference in what is decided makes little
// difference in what it costs. Overloaded queries are not: one event decides
// between costs of one and two, for every rule alike.
func (c *Cell) Calm() bool {
	e, ok := rules.Find("waiting-cost")
	if !ok {
		return false
	}
	var s sim.Sim
	values := e.Defaults()
	judge := func(k float64) float64 {
		values[0], values[1] = k, k // its shares, sighted and blind
		return c.judge(&s, e, values)
	}
	middle := judge(rules.DefaultThreshold)
	for _, k := range []float64{1 - hair, 1 + hair} {
		if math.Abs(judge(k*rules.DefaultThreshold)-middle) > calm {
			return false
		}
	}
	return true
}

// rate is the true rate in the second after at, events/s.
func (q *query) rate(at env.Time) float64 {
	x := at.Sub(0)
	i := int(x)
	if i < 0 || i+1 >= len(q.seconds) {
		return 0
	}
	part := x - float64(i)
	return (1-part)*q.seconds[i] + part*q.seconds[i+1]
}

// play returns each query's cost rate under the rule, one rival a query; s is
// written over.
func (c *Cell) play(s *sim.Sim, e rules.Entry, values []float64) []float64 {
	if e.Forecasts {
		s.CopyFrom(c.start)
	} else {
		s.CopyFrom(c.plain)
	}
	rivals := make([]rules.Rival, len(c.queries))
	for i := range rivals {
		rivals[i] = e.With(values)
		if told, ok := rivals[i].(rules.Informed); ok && e.Informed {
			told.Tell(c.queries[i].rate)
		}
	}
	for {
		t, ok := s.Next()
		if !ok {
			break
		}
		i := c.number(t.Query)
		wanted := rivals[i].Decide(&t)
		if e.Steps {
			o := &t.Observation
			s.Act(t.Query, int(o.Rung)+rules.StepTowards(o, t.Mask, wanted).Delta())
		} else {
			s.Command(t.Query, rules.Outright(wanted, c.queries[i].ladder))
		}
	}
	costs := make([]float64, len(c.queries))
	for i := range costs {
		costs[i] = s.Score(i).CostRate(c.queries[i].weights)
	}
	return costs
}

func (c *Cell) number(key env.QueryKey) int {
	for i := range c.queries {
		if c.queries[i].key == key {
			return i
		}
	}
	return 0
}

// judge is the mean over the cell's queries of the logarithm of the rule's cost
// over that of the waiting-cost rule at 0.6; s is written over.
func (c *Cell) judge(s *sim.Sim, e rules.Entry, values []float64) float64 {
	sum := 0.0
	for i, cost := range c.play(s, e, values) {
		sum += math.Log((cost + slight) / (c.queries[i].baseline + slight))
	}
	return sum / float64(len(c.queries))
}
