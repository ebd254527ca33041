package judge

import (
	"context"
	"fmt"
	"slices"

	"rubato/agent"
	"rubato/agent/threshold"
	"rubato/env"
	"rubato/env/sim"
	"rubato/policy"
)

// Contestant is what plays: a policy in serve mode or, without one, the interval
// that the query is configured to.
type Contestant struct {
	Name   string
	Policy *policy.Artefact
}

// Row is what one contestant came to on all windows of a query.
type Row struct {
	Name string `json:"name"`
	// CostRate is the weighted cost a second, what the queue at a window's end
	// will cost included; MeanDelay that of an event, s; the others a second.
	CostRate  float64 `json:"costRate"`
	MeanDelay float64 `json:"meanDelayS"`
	Triggers  float64 `json:"triggersPerS"`
	Empties   float64 `json:"emptiesPerS"`
	Batches   float64 `json:"batchesPerS"`

	minutes [][]float64 // cost, by window
}

// Judgement is of one query.
type Judgement struct {
	Query env.QueryKey `json:"query"`
	// Seconds were played, in so many windows.
	Seconds float64 `json:"seconds"`
	Windows int     `json:"windows"`
	// Why says why it was not judged, where it was not.
	Why  string `json:"why,omitempty"`
	Rows []Row  `json:"rows,omitempty"`
	// Change is the last contestant against the one before it.
	Change Change `json:"change,omitzero"`
}

// Run plays every window of the queries with each contestant; there are two at
// least. The same arguments give the same figures. progress, which may be nil, is
// told how many plays of all are done.
func Run(ctx context.Context, queries []Query, all []Contestant, progress func(done, total int)) ([]Judgement, error) {
	done, total := 0, 0
	for i := range queries {
		total += len(queries[i].Windows) * len(all)
	}
	out := make([]Judgement, len(queries))
	for i := range queries {
		q := &queries[i]
		out[i] = Judgement{Query: q.Key, Windows: len(q.Windows), Why: q.Why}
		for w := range q.Windows {
			out[i].Seconds += float64(len(q.Windows[w].Counts))
		}
		if q.Why != "" {
			continue
		}
		for _, c := range all {
			var sum totals
			for w := range q.Windows {
				if err := sum.play(ctx, q, w, c.Policy); err != nil {
					return nil, fmt.Errorf("judging %s: %w", q.Key, err)
				}
				if done++; progress != nil {
					progress(done, total)
				}
			}
			out[i].Rows = append(out[i].Rows, sum.row(c.Name))
		}
		base, judged := &out[i].Rows[len(all)-2], &out[i].Rows[len(all)-1]
		if !(base.CostRate > slight) {
			out[i].Why = base.Name + " costs nothing"
			continue
		}
		out[i].Change = change(base, judged)
	}
	return out, nil
}

// totals are of all windows that a contestant played.
type totals struct {
	score   sim.Score
	cost    float64
	minutes [][]float64
}

// play plays one window of the query.
func (x *totals) play(ctx context.Context, q *Query, window int, a *policy.Artefact) error {
	w := &q.Windows[window]
	cfg := w.Model.Config(w.Counts)
	cfg.Query, cfg.Run, cfg.Seed, cfg.Configured = q.Key, "judged", uint64(window)+1, w.Configured
	s, err := sim.New(cfg)
	if err != nil {
		return fmt.Errorf("model the query: %w", err)
	}
	act := func(*env.Tick) {}
	if a != nil {
		loop, err := agent.Serving(a)
		if err != nil {
			return err
		}
		defer loop.Close()
		act = func(t *env.Tick) {
			if step, command := loop.Step(t); command {
				s.Act(t.Query, step.Rung)
			}
		}
	}
	weights := w.Model.Settings.Weights
	x.minutes = append(x.minutes, threshold.Play(ctx, s, weights, act))
	if err := ctx.Err(); err != nil {
		return err
	}
	score := s.Score(0)
	x.cost += score.CostRate(weights) * score.Seconds
	x.score.Seconds += score.Seconds
	x.score.Events += score.Events
	x.score.Delay += score.Delay
	x.score.Triggers += score.Triggers
	x.score.Empty += score.Empty
	x.score.Batches += score.Batches
	return nil
}

func (x *totals) row(name string) Row {
	s := &x.score
	return Row{
		Name: name, CostRate: x.cost / s.Seconds, MeanDelay: s.Delay / max(s.Events, 1),
		Triggers: s.Triggers / s.Seconds, Empties: s.Empty / s.Seconds, Batches: s.Batches / s.Seconds,
		minutes: x.minutes,
	}
}

// equal tells whether two rows cost the same in every minute.
func equal(a, b *Row) bool {
	return slices.EqualFunc(a.minutes, b.minutes, func(x, y []float64) bool { return slices.Equal(x, y) })
}
