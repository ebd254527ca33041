package pretrain

import (
	"math/rand/v2"
	"time"

	"rubato/env"
	"rubato/env/forecast"
	"rubato/env/sim"
	"rubato/policy"
)

// Scene is what is simulated: a driver drawn from a seed.
type Scene struct {
	Kind sim.Kind
	// Seed is below HeldOut in training.
	Seed uint64
	// Typical draws from the middle of the distribution, not from all of it.
	Typical bool
}

// HeldOut is where the seeds begin that are never trained on: the same for every
// pre-training.
const HeldOut = 1 << 40

// Driver is the scene's for length, forecasters and all.
func (c Scene) Driver(length time.Duration) sim.Driver {
	draw := sim.RandomDriver
	if c.Typical {
		draw = sim.TypicalDriver
	}
	d := draw(rand.New(rand.NewPCG(c.Seed, 0x5ce7e)), c.Kind)
	for i := range d.Queries {
		d.Queries[i].Duration = length
		d.Queries[i].Forecaster = func() env.Forecaster { return forecast.New() }
	}
	return d
}

// Play returns the weighted cost, of all queries, of commanding the rungs that
// decide says.
func (c Scene) Play(length time.Duration, decide func(t *env.Tick) int) (float64, error) {
	d := c.Driver(length)
	s, err := sim.NewDriver(d)
	if err != nil {
		return 0, err
	}
	for {
		t, ok := s.Next()
		if !ok {
			break
		}
		s.Act(t.Query, decide(&t))
	}
	cost := 0.0
	for i := range d.Queries {
		score := s.Score(i)
		cost += score.CostRate(d.Queries[i].Settings.Weights) * score.Seconds
	}
	return cost, nil
}

// Arm is what one of the two actions of a Comparison led to. Costs are of all
// queries of the driver, as a share of all that it costs.
type Arm struct {
	// Cost until the effect is over, and its differential return in the sense of
	// the average reward: minus Cost, plus the mean cost rate of the line times
	// the time.
	Cost, Return float64
	// First is the part of Return up to the first end of a trigger of the query,
	// when the features were Next, At. Ended is false where there was none before
	// the effect was over.
	First float64
	Next  env.Features
	At    env.Time
	Ended bool
}

// Comparison is of triggering and waiting at one state.
type Comparison struct {
	// Advantage is by how much triggering is cheaper, as a share of all that the
	// driver costs, times Counts: how many states it stands for.
	Advantage, Counts float64
	Trigger, Wait     Arm
}

// Branch plays the scene with the line of policy.Prior, its threshold jittered,
// and compares triggering with waiting at about so many states by branched
// rollouts. see is shown every tick, and then take those of the states.
func (c Scene) Branch(length time.Duration, samples int, see func(t *env.Tick), take func(t *env.Tick, x *Comparison)) error {
	l := policy.Layout{Inputs: env.NumFeatures, Width: 4}
	line, err := policy.NewNetwork(l, make([]float64, l.Size())) // adds nothing to it
	if err != nil {
		return err
	}
	col := newCollector(line, length, samples)
	a, b := newTally(col, &col.a), newTally(col, &col.b)
	return col.visit(c, see, func(t *env.Tick, x sample) {
		y := Comparison{Advantage: x.advantage, Counts: col.counts, Trigger: a.arm(t), Wait: b.arm(t)}
		take(t, &y)
	})
}

// tally reads off a branch what its arm came to.
type tally struct {
	col   *collector
	b     *branch
	first Arm
	costs []float64 // of all queries at the first end
}

func newTally(col *collector, b *branch) *tally {
	y := &tally{col: col, b: b}
	b.onEnd = func(i int, t *env.Tick) {
		if i != b.query || b.courses[i].ends != 1 {
			return
		}
		y.first = Arm{Ended: true, At: t.At}
		t.Observation.Features(&y.first.Next)
		y.costs = y.costs[:0]
		for i := range b.queries {
			y.costs = append(y.costs, b.cost(i))
		}
	}
	return y
}

// arm is that of the comparison begun at t and just ended.
func (y *tally) arm(t *env.Tick) Arm {
	out := y.first
	y.first = Arm{}
	for i := range y.b.courses {
		c, rate := &y.b.courses[i], y.col.rates[i]
		end := c.met
		if end.at == 0 {
			end = calm{y.b.sim.Now(), y.b.cost(i)}
		}
		out.Cost += end.cost - c.begun
		out.Return -= end.cost - c.begun - rate*end.at.Sub(t.At)
		if out.Ended {
			out.First -= y.costs[i] - c.begun - rate*out.At.Sub(t.At)
		}
	}
	out.Cost /= y.col.cost
	out.Return /= y.col.cost
	out.First /= y.col.cost
	return out
}
