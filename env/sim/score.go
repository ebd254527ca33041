package sim

import "rubato/env"

// Score is the exact cost of a run so far, event by event, and apart from the
// Tracker's estimates: each event's own delay, and the backlog by the true
// overhead and time per row. Events still outstanding are charged up to now.
type Score struct {
	env.Components
	// Seconds is the virtual time, Events how many arrived.
	Seconds, Events float64
	// Reference is the long-run rate that delays are divided by, events/s,
	// here held still over the run.
	Reference float64
	// Delay is the sum of all events' delays, s; Late that beyond the target.
	Delay, Late float64

	debtTo env.Time
}

// CostRate is the weighted cost a second.
func (s Score) CostRate(w env.Weights) float64 {
	if s.Seconds <= 0 {
		return 0
	}
	return w.Cost(s.Components) / s.Seconds
}

// served takes in n events committed after the given delay, s.
func (s *Score) served(delay, n, target float64) {
	s.Delay += delay * n
	if target > 0 {
		s.Late += max(delay-target, 0) * n
	}
}

func (s *Score) triggered(o env.Outcome) {
	switch o {
	case env.Empty:
		s.Empty++
	case env.Batch:
		s.Batch++
	}
}

// debt takes in the backlog as it is, up to t.
func (s *Sim) debt(t env.Time) {
	dt := t.Sub(s.score.debtTo)
	s.score.debtTo = t
	grace := s.cfg.Settings.Grace.Seconds()
	if n := s.arrivals.outstanding(); n > 0 && grace > 0 {
		work := env.WorkOff(n, s.cfg.Overhead.Seconds(), s.cfg.PerRow, s.cfg.Cap)
		s.score.Backlog += dt * max(work-grace, 0) / grace
	}
}

// Score returns the cost up to now.
func (s *Sim) Score() Score {
	score := s.score
	for _, c := range s.arrivals.queue[:s.arrivals.next] {
		score.served(s.now.Sub(c.at), c.events, s.cfg.Settings.Target.Seconds())
	}
	score.Seconds, score.Events = s.now.Sub(0), s.arrivals.arrived
	if score.Reference > 0 {
		score.Latency = score.Delay / score.Reference
		score.Miss = score.Late / score.Reference
	}
	return score
}
