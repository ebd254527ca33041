package main

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"rubato/env"
	"rubato/env/arrivals"
	"rubato/env/spark"
	"rubato/internal/calibrate"
	"rubato/internal/transport"
)

// warmBatches is how many batches a query has run when the load begins.
const warmBatches = 3

// kept are the fields of a message that a calibration needs.
var kept = []string{
	"v", "type", "seq", "runId", "wallMs", "monoNs", "counters", "phase", "triggerStartMs", "triggerStartMonoNs",
	"intervalMs", "configuredMs", "managed", "appId", "appName", "name", "sparkVersion", "agentVersion", "edge",
	"outcome", "batchId", "batchEndMonoNs",
}

// query is a run that can be commanded.
type query struct {
	key string
	run env.RunID
}

// tape writes what came over the wire, one JSON a line.
type tape struct {
	f   *os.File
	zip *gzip.Writer

	mu      sync.Mutex
	err     error
	known   []query
	batches map[env.RunID]uint64
}

func newTape(path string) (*tape, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("creating the recording: %w", err)
	}
	zip, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("creating the recording: %w", err), f.Close())
	}
	return &tape{f: f, zip: zip, batches: map[env.RunID]uint64{}}, nil
}

// message keeps one message of the metrics topic. Heartbeats tell nothing
// that is needed here.
func (t *tape) message(in transport.Message) {
	m, err := spark.Decode(in.Value)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.err = errors.Join(t.err, err)
		return
	}
	t.batches[m.Run] = m.Counters.Batches
	if m.Type == spark.Started && m.HooksActive {
		t.meet(query{string(in.Key), m.Run})
	}
	if m.Type == spark.Heartbeat {
		return
	}
	t.write(in.Value, m)
}

func (t *tape) meet(q query) {
	for _, known := range t.known {
		if known == q {
			return
		}
	}
	t.known = append(t.known, q)
}

func (t *tape) write(value []byte, m *spark.Message) {
	var all map[string]json.RawMessage
	line := map[string]any{}
	if err := json.Unmarshal(value, &all); err != nil {
		t.err = errors.Join(t.err, err)
		return
	}
	for _, field := range kept {
		if v, there := all[field]; there {
			line[field] = v
		}
	}
	if m.Type == spark.Progressed {
		p, err := trim(m.Progress)
		if err != nil {
			t.err = errors.Join(t.err, err)
			return
		}
		line["progress"] = p
	}
	t.line(line)
}

// progress is what is kept of Spark's progress.
type progress struct {
	BatchID      json.RawMessage            `json:"batchId"`
	NumInputRows json.RawMessage            `json:"numInputRows"`
	DurationMs   map[string]json.RawMessage `json:"durationMs"`
	Sources      []struct {
		EndOffset json.RawMessage `json:"endOffset"`
	} `json:"sources"`
}

func trim(text []byte) (p progress, err error) {
	if err := json.Unmarshal(text, &p); err != nil {
		return p, fmt.Errorf("reading Spark's progress: %w", err)
	}
	return p, nil
}

// sample keeps the end offsets at a moment.
func (t *tape) sample(at time.Time, s arrivals.Sample) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.line(struct {
		Type   string `json:"type"`
		WallMs int64  `json:"wallMs"`
		arrivals.Sample
	}{calibrate.OffsetsType, at.UnixMilli(), s})
}

// line writes one line; the caller holds the lock.
func (t *tape) line(v any) {
	text, err := json.Marshal(v)
	if err == nil {
		_, err = t.zip.Write(append(text, '\n'))
	}
	t.err = errors.Join(t.err, err)
}

// queries are those that can be commanded.
func (t *tape) queries() []query {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]query(nil), t.known...)
}

// warm is how many queries have run their first batches.
func (t *tape) warm() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, batches := range t.batches {
		if batches >= warmBatches {
			n++
		}
	}
	return n
}

// close ends the recording and returns the first thing that went wrong.
func (t *tape) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return errors.Join(t.err, t.zip.Close(), t.f.Close())
}
