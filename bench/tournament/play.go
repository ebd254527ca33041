package tournament

import (
	"fmt"

	"rubato/agent"
	"rubato/env"
	"rubato/env/sim"
	"rubato/policy"
	"rubato/policy/rules"
)

// player decides for all queries of a bout.
type player interface {
	// act decides on a tick and commands s; it tells whether the shield
	// overrode the decision.
	act(s *sim.Sim, t *env.Tick) (overridden bool)
}

// maker makes the player of one bout.
type maker func(*bout) (player, error)

// contestant is a name and what makes its player for a bout.
type contestant struct {
	name string
	// chosen is told in the row where it is chosen in hindsight: the value it
	// stands for.
	chosen string
	// hidden ones have no row: they are only chosen from.
	hidden bool
	// pool is the name of the row that is chosen from those with the same.
	pool string
	// skip tells where it does not play, because another does the same there.
	skip func(c Cell) bool
	// plain ones do not look at the forecast: they are played without one, which
	// is quicker.
	plain bool
	make  maker
}

// rulePlayer is a rule, one for each query.
type rulePlayer struct {
	bout   *bout
	steps  bool
	rivals []rules.Rival
}

func newRulePlayer(b *bout, e rules.Entry, values []float64) (player, error) {
	p := &rulePlayer{bout: b, steps: e.Steps}
	for i := range b.driver.Queries {
		r := e.With(values)
		if informed, ok := r.(rules.Informed); ok && e.Informed {
			future, err := b.foresee()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", e.Name, err)
			}
			informed.Tell(future[i].rate)
		}
		p.rivals = append(p.rivals, r)
	}
	return p, nil
}

func (p *rulePlayer) act(s *sim.Sim, t *env.Tick) bool {
	wanted := p.rivals[p.bout.index[t.Query]].Decide(t)
	if p.steps {
		o := &t.Observation
		s.Act(t.Query, int(o.Rung)+rules.StepTowards(o, t.Mask, wanted).Delta())
		return false
	}
	s.Command(t.Query, rules.Outright(wanted, p.bout.ladder))
	return false
}

// policyPlayer serves the artefact as live queries are served.
type policyPlayer struct {
	loop *agent.Loop
}

func newPolicyPlayer(a *policy.Artefact) (*policyPlayer, error) {
	l, err := agent.Serving(a)
	if err != nil {
		return nil, err
	}
	return &policyPlayer{l}, nil
}

func (p *policyPlayer) act(s *sim.Sim, t *env.Tick) bool {
	step, command := p.loop.Step(t)
	if command {
		s.Act(t.Query, step.Rung)
	}
	return step.Verdict != 0
}

// linePlayer decides as a Network on these lines would whose actor is 0.
type linePlayer struct {
	lines    *policy.Lines
	features env.Features
}

func (p *linePlayer) act(s *sim.Sim, t *env.Tick) bool {
	o := &t.Observation
	s.Act(t.Query, int(o.Rung)+p.lines.Choose(o, t.Mask, &p.features).Delta())
	return false
}

// outcome is what one contestant made of one bout. Latencies are those of each
// event, summed over the queries with their events as weights.
type outcome struct {
	blocks                                           []block
	events, delay, p95, p99                          float64
	triggers, empties, batches, decisions, overrides float64
	missed, seconds                                  float64 // over all queries
}

// play runs the bout to its end.
func (b *bout) play(p player, plain bool) (*outcome, error) {
	s, err := b.start(plain)
	if err != nil {
		return nil, err
	}
	out := &outcome{}
	books := ledger{bout: b, sim: s}
	for {
		t, ok := s.Next()
		if !ok {
			break
		}
		books.until(t.At)
		out.decisions++
		if p.act(s, &t) {
			out.overrides++
		}
	}
	books.close(s.Now())
	for i := range b.driver.Queries {
		score, latency := s.Score(i), s.Latency(i)
		books.add(b.cell.Weighting.Weights.Cost(score.Leftover))
		out.events += latency.Events()
		out.delay += latency.Events() * latency.Mean()
		out.p95 += latency.Events() * latency.Quantile(0.95)
		out.p99 += latency.Events() * latency.Quantile(0.99)
		out.triggers += score.Triggers
		out.empties += score.Empty
		out.batches += score.Batches
		out.missed += score.Miss + score.Leftover.Miss
		out.seconds += score.Seconds
	}
	out.blocks = books.blocks
	if c, ok := p.(*clairvoyantPlayer); ok {
		scale(out.blocks, c.cost)
	}
	return out, nil
}

// scale makes the blocks' costs sum up to total.
func scale(blocks []block, total float64) {
	var all float64
	for _, b := range blocks {
		all += b.cost
	}
	if !(all > 0) {
		return
	}
	for i := range blocks {
		blocks[i].cost *= total / all
	}
}

// ledger books the exact cost of all queries, block by block.
type ledger struct {
	bout   *bout
	sim    *sim.Sim
	blocks []block
	from   env.Time
	booked float64
}

// until closes the block if its time is over at t.
func (l *ledger) until(t env.Time) {
	if number(t) > number(l.from) {
		l.close(t)
	}
}

// number is that of the block that t lies in.
func number(t env.Time) int { return int(t.Sub(0) / BlockSeconds) }

// close ends the block in course at t. A tick comes late for its block where a
// batch takes longer: blocks are as long as they are.
func (l *ledger) close(t env.Time) {
	if t <= l.from {
		return
	}
	var total float64
	for i := range l.bout.driver.Queries {
		total += l.bout.cell.Weighting.Weights.Cost(l.sim.Score(i).Components)
	}
	l.blocks = append(l.blocks, block{
		key:  l.bout.place + number(l.from),
		cost: total - l.booked, seconds: t.Sub(l.from) * float64(len(l.bout.driver.Queries)),
	})
	l.from, l.booked = t, total
}

// add books cost on the last block.
func (l *ledger) add(cost float64) {
	if n := len(l.blocks); n > 0 {
		l.blocks[n-1].cost += cost
	}
}
