package rules

import "rubato/env"

// history is what a rule that learns from finished triggers remembers of them:
// an Observation tells of the present only.
type history struct {
	begun bool
	start env.Time // of the trigger in course, or the last
	// What was seen at the last tick.
	seen        env.Time
	outstanding float64
	rate        float64

	// The trigger that just ended: the time since the one before it began, s,
	// how long it took, s, and about how many events it read.
	interval, took, rows float64
	batch                bool
}

// ended takes in a tick and tells whether it is the end of a trigger that the
// fields then describe.
func (h *history) ended(t *env.Tick) bool {
	o := &t.Observation
	start := t.At.Add(-o.SinceTrigger)
	if t.First {
		*h = history{}
	}
	over := h.begun && start.Sub(h.start) >= 1e-3
	if over {
		h.interval = start.Sub(h.start)
		h.took = o.SinceTrigger
		h.batch = t.Cost.Batch > 0
		h.rows = 0
		if h.batch {
			h.took = o.BatchLast
			h.rows = h.outstanding + h.rate*max(start.Sub(h.seen), 0)
			if o.Cap > 0 {
				h.rows = min(h.rows, o.Cap)
			}
		}
	}
	if over || !h.begun {
		h.begun, h.start = true, start
	}
	h.seen, h.outstanding, h.rate = t.At, o.Outstanding, o.R2
	return over
}
