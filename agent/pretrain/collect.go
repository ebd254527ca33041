package pretrain

import (
	"math/rand/v2"
	"time"

	"rubato/env"
	"rubato/env/sim"
	"rubato/policy"
	"rubato/policy/train"
)

const (
	// nearest and farthest bound how far below and above the threshold, in its
	// logarithm, actions are compared.
	nearest, farthest = -1.5, 5
	// jitter is the half-width of the shift of the threshold that is drawn for
	// each trigger, so that states past the threshold are met too.
	jitter = 1.0
)

// sample is a state and what triggering is worth there.
type sample struct {
	features      []float32
	trigger, wait env.Action
	// advantage is by how much triggering is cheaper than waiting for another
	// tick, as a share of all that the query costs.
	advantage float64
}

// collector gathers samples, one scene after another.
type collector struct {
	net      *policy.Network
	features env.Features // of the last choice
	length   time.Duration
	samples  int // wanted of a scene
	// rates are what the queries cost a second in the last play.
	rates []float64
	// cost is that in all, counts how many choices a sample stands for.
	cost, counts float64
	a, b         branch
}

func newCollector(net *policy.Network, length time.Duration, samples int) *collector {
	return &collector{net: net.Clone(), length: length, samples: samples, a: branch{sim: new(sim.Sim)}, b: branch{sim: new(sim.Sim)}}
}

// collect returns the samples of a scene.
func (c *collector) collect(sc Scene) (samples []sample, err error) {
	err = c.visit(sc, nil, func(_ *env.Tick, x sample) { samples = append(samples, x) })
	return samples, err
}

// visit plays a scene twice: to see how many choices there are and what they
// cost, and to compare the two actions at some of them, each of which it gives
// to take. see is shown every tick of the second time, before that.
// The branches are as the comparison left them.
func (c *collector) visit(sc Scene, see func(t *env.Tick), take func(t *env.Tick, x sample)) error {
	d := sc.Driver(c.length)
	c.a.queries, c.b.queries = d.Queries, d.Queries
	s, err := sim.NewDriver(d)
	if err != nil {
		return err
	}
	choices, cost := c.play(s, sc.Seed, nil, nil)
	if choices == 0 || !(cost > 0) {
		return nil
	}
	if s, err = sim.NewDriver(d); err != nil {
		return err
	}
	share := min(1, float64(c.samples)/float64(choices))
	c.cost, c.counts = cost, 1/share
	pick := rand.New(rand.NewPCG(sc.Seed, 0x91c4))
	settled := make([]bool, len(d.Queries))
	c.play(s, sc.Seed, see, func(t *env.Tick, trigger, wait env.Action, q int, starts []env.Time) {
		if pick.Float64() >= share {
			return
		}
		x := sample{features: train.Narrow(c.features[:]), trigger: trigger, wait: wait}
		rung := int(t.Observation.Rung)
		c.a.begin(s, t, rung+trigger.Delta(), starts)
		c.b.begin(s, t, rung+wait.Delta(), starts)
		x.advantage = compare(c.net, &c.a, &c.b, q, settled) / (share * cost)
		take(t, x)
	})
	return nil
}

// choose returns the choice at t, and by how much the network prefers to
// trigger; 0 where there is no choice.
func (c *collector) choose(t *env.Tick) (trigger, wait env.Action, either bool, margin float64) {
	o := &t.Observation
	if trigger, wait, either = policy.Choices(o, t.Mask); !either {
		return trigger, wait, false, 0
	}
	o.Features(&c.features)
	return trigger, wait, true, c.net.Margin(c.features[:], trigger, wait)
}

// play lets the network drive s with jittered thresholds, shows see every tick,
// calls each at every choice near the threshold, and returns their number and
// the whole cost. see and each may be nil.
func (c *collector) play(s *sim.Sim, seed uint64, see func(t *env.Tick), each func(t *env.Tick, trigger, wait env.Action, q int, starts []env.Time)) (choices int, cost float64) {
	rng := rand.New(rand.NewPCG(seed, 0x0ff))
	n := len(c.a.queries)
	starts, shifts := make([]env.Time, n), make([]float64, n)
	for {
		t, ok := s.Next()
		if !ok {
			break
		}
		if see != nil {
			see(&t)
		}
		q := index(c.a.queries, t.Query)
		if ended(&t, &starts[q]) {
			shifts[q] = max(jitter*(2*rng.Float64()-1), -jitter)
		}
		trigger, wait, either, margin := c.choose(&t)
		if either && margin > nearest && margin < farthest {
			choices++
			if each != nil {
				each(&t, trigger, wait, q, starts)
			}
		}
		action := wait
		if either && margin > shifts[q] {
			action = trigger
		}
		s.Act(t.Query, int(t.Observation.Rung)+action.Delta())
	}
	c.rates = c.rates[:0]
	for i := range c.a.queries {
		score := s.Score(i)
		rate := score.CostRate(c.a.queries[i].Settings.Weights)
		c.rates = append(c.rates, rate)
		cost += rate * score.Seconds
	}
	return choices, cost
}
