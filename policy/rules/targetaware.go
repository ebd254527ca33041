package rules

import "rubato/env"

// punctual is waiting, and triggers too when the oldest event would, at the
// end of a batch begun now, have reached a share of the latency target.
type punctual struct {
	waiting
	due float64 // the share of the target
}

// Decide implements Rival.
func (p punctual) Decide(t *env.Tick) float64 {
	o := &t.Observation
	late := o.OldestAge+batchTime(o, o.NextRows) >= p.due*o.Target
	if o.Target > 0 && late && available(o) {
		return now(o)
	}
	return p.waiting.Decide(t)
}

// pricing is waiting with what misses cost by the wait added to what latency
// costs: the lateness of each event at the end of a batch begun now beyond
// that which the batch alone would have made it. Arrivals are taken as even
// over the age of the oldest.
type pricing struct {
	waiting
	miss float64 // how much a miss counts for, of its price
}

// Decide implements Rival.
func (p pricing) Decide(t *env.Tick) float64 {
	o := &t.Observation
	cost := o.WaitingCost()
	if o.Target > 0 && o.Reference > 0 {
		took := batchTime(o, o.NextRows)
		late := lateness(took, took+o.OldestAge, o.Target) - max(took-o.Target, 0)
		cost += p.miss * o.Weights.Miss * o.Outstanding * late / o.Reference
	}
	return when(o, available(o) && (full(o) || cost >= p.share(o)*o.Weights.Batch))
}

// batchTime is the expected duration of batches that work n events off, s.
func batchTime(o *env.Observation, n float64) float64 {
	return max(env.WorkOff(n, o.Overhead, o.PerRow, o.Cap), o.Overhead)
}

// lateness is the mean of what exceeds the target of delays spread evenly from
// lo to hi, s.
func lateness(lo, hi, target float64) float64 {
	switch {
	case hi <= target:
		return 0
	case hi-lo < 1e-9, lo >= target:
		return (lo+hi)/2 - target
	}
	return (hi - target) * (hi - target) / (2 * (hi - lo))
}

func targetAware() []Entry {
	const meant = Sighted | Blind | Target
	return []Entry{expects(Entry{
		Name: "target-aware", Meant: meant,
		Parameters: append(shares[:2:2], Parameter{Name: "share", Low: 0.3, High: 2, Log: true, Default: 0.9}),
		build:      func(v []float64) Rival { return punctual{waiting{v[0], v[1]}, v[2]} },
	}), expects(Entry{
		Name: "target-priced", Meant: meant,
		Parameters: append(shares[:2:2], Parameter{Name: "miss", Low: 0.1, High: 10, Log: true, Default: 1}),
		build:      func(v []float64) Rival { return pricing{waiting{v[0], v[1]}, v[2]} },
	})}
}
