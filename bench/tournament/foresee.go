package tournament

import (
	"fmt"
	"time"

	"rubato/bench/clairvoyant"
	"rubato/env"
	"rubato/env/sim"
	"rubato/policy/rules"
)

// foresight is what is to come of one query: the same whatever is commanded, so
// any run tells it.
type foresight struct {
	arrivals  []clairvoyant.Arrival
	seconds   []float64 // arrivals of each second, events
	reference float64
}

// foresee runs the bout once, without a forecaster, for what is to come.
func (b *bout) foresee() ([]foresight, error) {
	if b.future != nil {
		return b.future, nil
	}
	all := make([]foresight, len(b.driver.Queries))
	s, err := b.open(func(i int, c *sim.Config) {
		f := &all[i]
		f.seconds = make([]float64, int(c.Duration/time.Second)+2)
		c.Forecaster = nil
		c.OnArrival = func(at env.Time, n float64) {
			x := at.Sub(0)
			f.arrivals = append(f.arrivals, clairvoyant.Arrival{At: x, Events: n})
			f.seconds[int(x)] += n
		}
	})
	if err != nil {
		return nil, err
	}
	s.Run()
	for i := range all {
		all[i].reference = s.Score(i).Reference
	}
	b.future = all
	return all, nil
}

// rate is the true arrival rate in the second that follows at, events/s.
func (f *foresight) rate(at env.Time) float64 {
	x := at.Sub(0)
	i := int(x)
	if i+1 >= len(f.seconds) {
		return 0
	}
	part := x - float64(i)
	return (1-part)*f.seconds[i] + part*f.seconds[i+1]
}

// clairvoyantPlayer executes the optimal plan for the true future. What it costs
// is the plan's own: executed, single batches that last longer than they should
// can cost more than a rule that was lucky.
type clairvoyantPlayer struct {
	triggers []float64 // s
	next     int
	ladder   env.Ladder
	cost     float64 // of the plan, over the whole duration
}

// foreseeable tells whether the plan knows all that matters of the cell's
// query: it is alone, and its batches last the same whenever they run.
func foreseeable(c Cell) bool { return c.Kind.Queries == 1 && !c.Kind.Varies }

func newClairvoyantPlayer(b *bout) (player, error) {
	future, err := b.foresee()
	if err != nil {
		return nil, err
	}
	c, f := &b.driver.Queries[0], &future[0]
	plan, err := clairvoyant.Solve(clairvoyant.Query{
		Arrivals: f.arrivals, Duration: c.Duration.Seconds(), Overhead: c.Overhead.Seconds(),
		PerRow: c.PerRow, Cap: c.Cap, Reference: f.reference, Settings: c.Settings, Drain: true,
	})
	if err != nil {
		return nil, fmt.Errorf("plan the known future: %w", err)
	}
	return &clairvoyantPlayer{triggers: f.useful(plan.Triggers), ladder: b.ladder, cost: plan.Cost}, nil
}

// useful leaves out the triggers before which nothing came since the one
// before: the plan makes them for nothing, a query does not.
func (f *foresight) useful(triggers []float64) []float64 {
	var out []float64
	k := 0
	for _, t := range triggers {
		n := k
		for n < len(f.arrivals) && f.arrivals[n].At <= t {
			n++
		}
		if n > k {
			out = append(out, t)
		}
		k = n
	}
	return out
}

func (p *clairvoyantPlayer) act(s *sim.Sim, t *env.Tick) bool {
	start := t.At.Add(-t.Observation.SinceTrigger).Sub(0)
	for p.next < len(p.triggers) && p.triggers[p.next] <= start+1e-3 {
		p.next++
	}
	wanted := float64(rules.Wait)
	if p.next < len(p.triggers) {
		wanted = p.triggers[p.next] - start
	}
	s.Command(t.Query, rules.Outright(wanted, p.ladder))
	return false
}
