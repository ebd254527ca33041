package pretend

import (
	"encoding/json"
	"fmt"
	"time"

	"rubato/env"
	"rubato/env/spark"
)

// Topic is what every query reads; it has one partition.
const Topic = "orders"

// Query is one run of one query. Not safe for concurrent use.
type Query struct {
	Key string

	m       spark.Message
	read    int64 // offset committed so far
	batches int64
	began   time.Time
}

// New returns the query of the given number, configured to an interval.
func New(number int, interval time.Duration) *Query {
	return &Query{Key: fmt.Sprintf("bench/q%03d", number), m: spark.Message{
		V: spark.Version, Run: env.RunID(fmt.Sprintf("run-%03d", number)), Phase: spark.PhaseWaiting,
		IntervalMs: interval.Milliseconds(), ConfiguredMs: interval.Milliseconds(),
	}}
}

// Interval is what the query is held to.
func (q *Query) Interval() time.Duration { return time.Duration(q.m.IntervalMs) * time.Millisecond }

// Apply puts a command in force, as the agent does.
func (q *Query) Apply(d spark.Decision) {
	if d.Run != q.m.Run || d.Action == spark.ActionRelease {
		return
	}
	q.m.IntervalMs, q.m.Managed = d.IntervalMs, true
	q.m.Applied = &spark.Applied{Epoch: d.Epoch, Seq: d.Seq, IntervalMs: d.IntervalMs, LeaseLeftMs: d.LeaseMs}
}

// Started is the run's first message.
func (q *Query) Started(at time.Time) ([]byte, error) {
	m := q.m
	m.Type, m.AppID, m.AppName, m.Name = spark.Started, "app-bench", "bench", q.Key
	m.TriggerType, m.Manageable, m.HooksActive = "ProcessingTime", true, true
	m.SparkVersion, m.AgentVersion = "3.5.7", "bench"
	m.Sources = []spark.Source{{Name: "kafka", Options: spark.SourceOptions{Subscribe: Topic}}}
	return q.seal(at, m)
}

// Begin is a trigger's start.
func (q *Query) Begin(at time.Time) ([]byte, error) {
	q.began = at
	mono, wall := at.UnixNano(), at.UnixMilli()
	q.m.Counters.Triggers++
	q.m.Phase, q.m.TriggerStartMonoNs, q.m.TriggerStartMs = spark.PhaseBatch, &mono, &wall
	m := q.m
	m.Type, m.Edge = spark.Trigger, spark.EdgeStart
	return q.seal(at, m)
}

// Batch is the end of a trigger that read up to offset end: Spark's progress,
// and the trigger's end.
func (q *Query) Batch(at time.Time, end int64) (progress, trigger []byte, err error) {
	m := q.m
	m.Type, m.Progress = spark.Progressed, q.progress(at, end)
	if progress, err = q.seal(at, m); err != nil {
		return nil, nil, err
	}
	id, mono := q.batches, at.UnixNano()
	q.read = end
	q.batches++
	q.m.Counters.Batches++
	q.m.Phase = spark.PhaseWaiting
	m = q.m
	m.Type, m.Edge, m.Outcome, m.BatchID, m.BatchEndMonoNs = spark.Trigger, spark.EdgeEnd, spark.OutcomeBatch, &id, &mono
	trigger, err = q.seal(at, m)
	return progress, trigger, err
}

// progress has the size and the fields of Spark's own.
func (q *Query) progress(at time.Time, end int64) json.RawMessage {
	rows, took := end-q.read, max(at.Sub(q.began).Milliseconds(), 1)
	rate := float64(rows) * 1000 / float64(took)
	return fmt.Appendf(nil, `{"id":"8c57e1ec-94b5-4c99-b100-f694162df0b9","runId":%q,"name":%q,`+
		`"timestamp":%q,"batchId":%d,"numInputRows":%d,"inputRowsPerSecond":%.1f,"processedRowsPerSecond":%.1f,`+
		`"durationMs":{"addBatch":%d,"commitOffsets":12,"getBatch":1,"latestOffset":2,"queryPlanning":9,`+
		`"triggerExecution":%d,"walCommit":11},"stateOperators":[{"operatorName":"stateStoreSave","numRowsTotal":300,`+
		`"numRowsUpdated":100,"allUpdatesTimeMs":20,"numRowsRemoved":0,"memoryUsedBytes":90000,"numShufflePartitions":4}],`+
		`"sources":[{"description":"KafkaV2[Subscribe[%s]]","startOffset":{%q:{"0":%d}},"endOffset":{%q:{"0":%d}},`+
		`"latestOffset":{%q:{"0":%d}},"numInputRows":%d,"inputRowsPerSecond":%.1f,"processedRowsPerSecond":%.1f,`+
		`"metrics":{"avgOffsetsBehindLatest":"0.0","maxOffsetsBehindLatest":"0","minOffsetsBehindLatest":"0"}}],`+
		`"sink":{"description":"noop","numOutputRows":%d}}`,
		q.m.Run, q.Key, q.began.UTC().Format("2006-01-02T15:04:05.000Z"), q.batches, rows, rate, rate, took, took,
		Topic, Topic, q.read, Topic, end, Topic, end, rows, rate, rate, rows)
}

// Heartbeat is what the agent sends each second.
func (q *Query) Heartbeat(at time.Time) ([]byte, error) {
	m := q.m
	m.Type = spark.Heartbeat
	m.Stats = &spark.Stats{Applied: 1, RoundTrip: spark.Histogram{Base: 1.05, Buckets: map[int]uint64{120: 40, 130: 60, 140: 3}}}
	return q.seal(at, m)
}

// seal numbers and encodes a message that tells of the moment at.
func (q *Query) seal(at time.Time, m spark.Message) ([]byte, error) {
	q.m.Seq++
	m.Seq, m.MonoNs, m.WallMs = q.m.Seq, at.UnixNano(), at.UnixMilli()
	b, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("making a %s message: %w", m.Type, err)
	}
	return b, nil
}
