package demo

import (
	"sync"
	"time"

	"rubato/env/spark"
	"rubato/internal/report"
	"rubato/policy"
	"rubato/replay"
)

// recorder keeps what the job's own metrics say of its triggers and batches,
// and counts decisions, for the exact figures at the end. It is fed by the
// tuner's goroutine and read by the demo.
type recorder struct {
	topic string

	mu        sync.Mutex
	pending   map[int32]report.Range
	batches   []report.Batch
	counters  []report.Counters
	committed map[int32]int64
	stats     spark.Stats
	ended     *string
	executed  uint64 // decisions carried out as proposed, in learn mode
	overruled uint64 // decisions that the shield changed, in learn mode
	last      string // the last action
}

func newRecorder(topic string) *recorder {
	return &recorder{topic: topic, committed: map[int32]int64{}}
}

// message reads one message of the metrics topic.
func (r *recorder) message(_ string, value []byte) {
	m, err := spark.Decode(value)
	if err != nil {
		return // counted where the tuner decodes it
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch m.Type {
	case spark.Progressed:
		r.progress(m)
	case spark.Trigger:
		if m.Edge == spark.EdgeEnd {
			r.triggerEnd(m)
		}
	case spark.Heartbeat:
		if m.Stats != nil {
			r.stats = *m.Stats
		}
	case spark.Terminated:
		text := "it was stopped"
		if m.Exception != nil {
			text = *m.Exception
		}
		r.ended = &text
	}
}

// progress notes what the batch that is about to end took. A batch's start is
// where the one before it ended: Spark leaves new partitions out of its own.
func (r *recorder) progress(m *spark.Message) {
	p, err := spark.DecodeProgress(m.Progress)
	if err != nil || p.AddBatchMs < 0 {
		return
	}
	r.pending = map[int32]report.Range{}
	for _, s := range p.Sources {
		for _, o := range s.End {
			if o.Topic == r.topic {
				r.pending[o.Partition] = report.Range{Start: r.committed[o.Partition], End: o.Offset}
			}
		}
	}
}

// triggerEnd completes the batch with the moment it was committed.
func (r *recorder) triggerEnd(m *spark.Message) {
	at := time.UnixMilli(m.WallMs)
	r.counters = append(r.counters, report.Counters{
		At: at, Triggers: m.Counters.Triggers, EmptyTriggers: m.Counters.EmptyTriggers, Batches: m.Counters.Batches,
	})
	if r.pending == nil {
		return
	}
	ended := at
	if m.BatchEndMonoNs != nil {
		ended = at.Add(-time.Duration(m.MonoNs - *m.BatchEndMonoNs))
	}
	r.batches = append(r.batches, report.Batch{Ended: ended, Ranges: r.pending})
	for p, o := range r.pending {
		r.committed[p] = o.End
	}
	r.pending = nil
}

// step counts a decision that was commanded.
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

// ran is the number of batches seen to their end.
func (r *recorder) ran() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.batches)
}

// over is how the query ended, or nothing while it runs.
func (r *recorder) over() (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended == nil {
		return "", false
	}
	return *r.ended, true
}

// drained tells whether batches have taken all of the events.
func (r *recorder) drained(events []report.Event) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(events) - 1; i >= max(0, len(events)-1000); i-- {
		if r.committed[events[i].Partition] <= events[i].Offset {
			return false
		}
	}
	return true
}

// observed is what was seen, in a window.
func (r *recorder) observed(from, to time.Time, events []report.Event) report.Observed {
	r.mu.Lock()
	defer r.mu.Unlock()
	return report.Observed{
		From: from, To: to, Events: events,
		Batches: append([]report.Batch(nil), r.batches...), Counters: append([]report.Counters(nil), r.counters...),
	}
}

// decisions are the tuned half's figures; the round trip is the agent's own.
func (r *recorder) decisions() report.Decisions {
	r.mu.Lock()
	defer r.mu.Unlock()
	d := report.Decisions{Applied: r.executed, Overridden: r.overruled}
	d.RoundTripMsP50, _ = r.stats.RoundTrip.Quantile(0.5)
	d.RoundTripMsP99, _ = r.stats.RoundTrip.Quantile(0.99)
	return d
}

// commands is how many commands the agent put in force.
func (r *recorder) commands() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats.Applied
}

// lastLatency is the time since the oldest event of the last batch was
// produced until the batch ended, roughly: the batch's end minus the one
// before.
func (r *recorder) lastLatency() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.batches)
	if n < 2 {
		return 0
	}
	return r.batches[n-1].Ended.Sub(r.batches[n-2].Ended) / 2
}
