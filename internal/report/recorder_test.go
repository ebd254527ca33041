package report

import (
	"encoding/json"
	"testing"
	"time"

	"rubato/env/spark"
)

// tell sends one message to the recorder as the agent would.
func tell(t *testing.T, r *Recorder, m spark.Message) {
	t.Helper()
	m.V, m.Seq, m.Run = spark.Version, 1, "run"
	if m.Phase == "" {
		m.Phase = spark.PhaseBatch
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	r.Message(b)
}

func progressed(ends string) spark.Message {
	return spark.Message{Type: spark.Progressed, Progress: json.RawMessage(`{"batchId":1,"numInputRows":3,
		"durationMs":{"addBatch":10,"triggerExecution":20},
		"sources":[{"description":"KafkaV2[Subscribe[demo]]","endOffset":{"demo":` + ends + `,"other":{"0":99}}}]}`)}
}

func ended(outcome string, wallMs, monoNs, batchEndNs int64, c spark.Counters) spark.Message {
	m := spark.Message{
		Type: spark.Trigger, Edge: spark.EdgeEnd, Outcome: outcome, Phase: spark.PhaseWaiting,
		WallMs: wallMs, MonoNs: monoNs, Counters: c,
	}
	if batchEndNs > 0 {
		m.BatchEndMonoNs = &batchEndNs
	}
	return m
}

func TestABatchIsRecordedWithItsOwnOffsetsAndItsExactEnd(t *testing.T) {
	r := NewRecorder("demo")
	tell(t, r, progressed(`{"0":3,"1":1}`))
	tell(t, r, ended(spark.OutcomeBatch, 5_000, 900e6, 650e6, spark.Counters{Triggers: 1, Batches: 1}))
	tell(t, r, ended(spark.OutcomeEmpty, 6_000, 1900e6, 0, spark.Counters{Triggers: 2, EmptyTriggers: 1, Batches: 1}))
	tell(t, r, progressed(`{"0":5,"1":1}`))
	tell(t, r, ended(spark.OutcomeBatch, 7_000, 2900e6, 2900e6, spark.Counters{Triggers: 3, EmptyTriggers: 1, Batches: 2}))
	got := r.Observed(time.Time{}, time.Time{}, nil)
	if len(got.Batches) != 2 || len(got.Counters) != 3 {
		t.Fatalf("%d batches and %d totals, want 2 and 3", len(got.Batches), len(got.Counters))
	}
	if want := time.UnixMilli(4_750); !got.Batches[0].Ended.Equal(want) {
		t.Errorf("the first batch ended at %v, want %v: 250 ms before its trigger", got.Batches[0].Ended, want)
	}
	if got, want := got.Batches[1].Ranges[0], (Range{Start: 3, End: 5}); got != want {
		t.Errorf("the second batch took %v of partition 0, want %v", got, want)
	}
}

func TestDrainedOnlyOnceEveryEventWasTaken(t *testing.T) {
	r := NewRecorder("demo")
	events := []Event{{Partition: 0, Offset: 1}, {Partition: 1, Offset: 0}}
	tell(t, r, progressed(`{"0":2,"1":0}`))
	tell(t, r, ended(spark.OutcomeBatch, 1, 1, 1, spark.Counters{}))
	if r.Drained(events) {
		t.Error("drained, though partition 1 holds an event that no batch took")
	}
	tell(t, r, progressed(`{"0":2,"1":1}`))
	tell(t, r, ended(spark.OutcomeBatch, 2, 2, 2, spark.Counters{}))
	if !r.Drained(events) {
		t.Error("not drained, though batches took everything")
	}
}
