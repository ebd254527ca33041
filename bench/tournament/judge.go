package tournament

import (
	"rubato/policy"
)

// judge joins the seeds of a cell and lets go of the outcomes.
func (t *table) judge(cell int) {
	j := &judged{cell: t.cells[cell]}
	seeds := t.outcomes[cell*t.options.Seeds:][:t.options.Seeds]
	chosen := map[string]*standing{}
	var pools []string
	for k := range t.contestants {
		c := &t.contestants[k]
		s := stand(c.name, seeds, k)
		if s == nil {
			continue
		}
		if !c.hidden {
			j.rivals = append(j.rivals, *s)
		}
		if c.pool == "" {
			continue
		}
		best, ok := chosen[c.pool]
		if !ok {
			pools = append(pools, c.pool)
		}
		if !ok || s.rate < best.rate {
			s.rival, s.chosen = c.pool, c.chosen
			chosen[c.pool] = s
		}
	}
	for _, name := range pools {
		j.rivals = append(j.rivals, *chosen[name])
	}
	clear(seeds)
	t.judged[cell] = j
}

// stand is the contestant's standing over the seeds; nil where it did not play.
func stand(name string, seeds [][]*outcome, k int) *standing {
	s := &standing{rival: name}
	var blocks []block
	for _, outs := range seeds {
		o := outs[k]
		if o == nil {
			return nil
		}
		blocks = append(blocks, o.blocks...)
		s.events += o.events
		s.delay += o.delay
		s.p95 += o.p95
		s.p99 += o.p99
		s.triggers += o.triggers
		s.empties += o.empties
		s.batches += o.batches
		s.decisions += o.decisions
		s.overrides += o.overrides
		s.missed += o.missed
		s.seconds += o.seconds
	}
	s.blocks = pool(blocks)
	s.rate = rate(s.blocks)
	return s
}

// result makes rows and figures of the judged cells, in order.
func (t *table) result() *Result {
	r := &Result{
		Seeds: t.options.Seeds, Minutes: t.options.Length.Minutes(), Policy: policyID(t.options.Policy),
		Summary: Summaries{}, ByTrace: map[string]Summaries{},
	}
	for _, j := range t.judged {
		r.Rows = append(r.Rows, j.rows()...)
	}
	if t.options.Policy != nil {
		r.Summary, r.ByTrace = summaries(t.judged)
		r.Rules = ruleRatios(t.judged)
	}
	return r
}

func policyID(a *policy.Artefact) string {
	if a == nil {
		return ""
	}
	return a.Network.ID()
}

// rows are the cell's, one a rival.
func (j *judged) rows() []Row {
	best := j.find(BestFixed)
	var rows []Row
	for i := range j.rivals {
		s := &j.rivals[i]
		low, high := interval(resampled(j.cell.Source.Name, s.blocks))
		row := Row{
			Trace: j.cell.Source.Name, Query: j.cell.Kind.Name, Weights: j.cell.Weighting.Name,
			Rival: s.rival, Group: j.cell.Group(), Chosen: s.chosen,
			CostRate: Figure(s.rate), CostRateLow: Figure(low), CostRateHigh: Figure(high),
			MeanLatencyS: Figure(s.delay / s.events),
			P95LatencyS:  Figure(s.p95 / s.events), P99LatencyS: Figure(s.p99 / s.events),
			TriggersPerS: Figure(s.triggers / s.seconds), EmptiesPerS: Figure(s.empties / s.seconds),
			BatchesPerS: Figure(s.batches / s.seconds), OverridesShare: Figure(s.overrides / s.decisions),
			MissRate: Figure(s.missed / s.seconds), VsBestFixed: Unknown(),
		}
		if best != nil {
			row.VsBestFixed = Figure(s.rate / best.rate)
		}
		rows = append(rows, row)
	}
	return rows
}
