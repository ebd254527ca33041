package report

import (
	"sync"
	"time"

	"rubato/env/spark"
)

// Recorder keeps what a query's own metrics say of its triggers and batches,
// for exact figures. It is fed by one goroutine and read by others.
type Recorder struct {
	topic string

	mu        sync.Mutex
	pending   map[int32]Range
	batches   []Batch
	counters  []Counters
	committed map[int32]int64
	stats     spark.Stats
	ended     *string
}

// NewRecorder returns a recorder of a query's reading of a topic.
func NewRecorder(topic string) *Recorder {
	return &Recorder{topic: topic, committed: map[int32]int64{}}
}

// Message reads one message of the metrics topic.
func (r *Recorder) Message(value []byte) {
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
func (r *Recorder) progress(m *spark.Message) {
	p, err := spark.DecodeProgress(m.Progress)
	if err != nil || p.AddBatchMs < 0 {
		return
	}
	r.pending = map[int32]Range{}
	for _, s := range p.Sources {
		for _, o := range s.End {
			if o.Topic == r.topic {
				r.pending[o.Partition] = Range{Start: r.committed[o.Partition], End: o.Offset}
			}
		}
	}
}

// triggerEnd completes the batch with the moment it was committed.
func (r *Recorder) triggerEnd(m *spark.Message) {
	at := time.UnixMilli(m.WallMs)
	r.counters = append(r.counters, Counters{
		At: at, Triggers: m.Counters.Triggers, EmptyTriggers: m.Counters.EmptyTriggers, Batches: m.Counters.Batches,
	})
	if r.pending == nil {
		return
	}
	ended := at
	if m.BatchEndMonoNs != nil {
		ended = at.Add(-time.Duration(m.MonoNs - *m.BatchEndMonoNs))
	}
	var began time.Time
	if m.TriggerStartMonoNs != nil {
		began = at.Add(-time.Duration(m.MonoNs - *m.TriggerStartMonoNs))
	}
	r.batches = append(r.batches, Batch{Began: began, Ended: ended, Ranges: r.pending})
	for p, o := range r.pending {
		r.committed[p] = o.End
	}
	r.pending = nil
}

// Ran is the number of batches seen to their end.
func (r *Recorder) Ran() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.batches)
}

// Over is how the query ended, or nothing while it runs.
func (r *Recorder) Over() (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended == nil {
		return "", false
	}
	return *r.ended, true
}

// Drained tells whether batches have taken all of the events.
func (r *Recorder) Drained(events []Event) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(events) - 1; i >= max(0, len(events)-1000); i-- {
		if r.committed[events[i].Partition] <= events[i].Offset {
			return false
		}
	}
	return true
}

// Observed is what was seen, in a window.
func (r *Recorder) Observed(from, to time.Time, events []Event) Observed {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Observed{
		From: from, To: to, Events: events,
		Batches: append([]Batch(nil), r.batches...), Counters: append([]Counters(nil), r.counters...),
	}
}

// Stats are the agent's own counts, as it last told them.
func (r *Recorder) Stats() spark.Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats
}

// LastLatency is about how long the last batch's events have waited on the mean
// when it ended, of a steady load: half the time since the batch before.
func (r *Recorder) LastLatency() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.batches)
	if n < 2 {
		return 0
	}
	return r.batches[n-1].Ended.Sub(r.batches[n-2].Ended) / 2
}
