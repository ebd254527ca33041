package demo

import (
	"sync"

	"rubato/internal/report"
	"rubato/policy"
	"rubato/replay"
)

// recorder keeps what the job's own metrics say and counts decisions. It is fed
// by the tuner's goroutine and read by the demo.
type recorder struct {
	*report.Recorder

	mu        sync.Mutex
	executed  uint64 // decisions carried out as proposed, in learn mode
	overruled uint64 // decisions that the shield changed, in learn mode
	last      string // the last action
}

func newRecorder(topic string) *recorder { return &recorder{Recorder: report.NewRecorder(topic)} }

// message reads one message of the metrics topic.
func (r *recorder) message(_ string, value []byte) { r.Message(value) }

// step counts a decision.
func (r *recorder) step(s *replay.Step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = s.Action.String()
	if s.Mode != "learn" {
		return
	}
	if s.Verdict != policy.Verdict(0) {
		r.overruled++
		return
	}
	r.executed++
}

// action is the last decision.
func (r *recorder) action() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

// decisions are the tuned half's figures; the round trip is the agent's own.
func (r *recorder) decisions() report.Decisions {
	stats := r.Stats()
	r.mu.Lock()
	defer r.mu.Unlock()
	d := report.Decisions{Applied: r.executed, Overridden: r.overruled}
	d.RoundTripMsP50, _ = stats.RoundTrip.Quantile(0.5)
	d.RoundTripMsP99, _ = stats.RoundTrip.Quantile(0.99)
	return d
}

// commands is how many commands the agent put in force.
func (r *recorder) commands() uint64 { return r.Stats().Applied }
