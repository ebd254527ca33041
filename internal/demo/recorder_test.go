package demo

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rubato/env/spark"
	"rubato/internal/report"
	"rubato/replay"
)

// tell sends one message to the recorder as the agent would.
func tell(t *testing.T, r *recorder, m spark.Message) {
	t.Helper()
	m.V, m.Seq, m.Run = spark.Version, 1, "run"
	if m.Phase == "" {
		m.Phase = spark.PhaseBatch
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	r.message("app/query", b)
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
	r := newRecorder("demo")
	tell(t, r, progressed(`{"0":3,"1":1}`))
	tell(t, r, ended(spark.OutcomeBatch, 5_000, 900e6, 650e6, spark.Counters{Triggers: 1, Batches: 1}))
	tell(t, r, ended(spark.OutcomeEmpty, 6_000, 1900e6, 0, spark.Counters{Triggers: 2, EmptyTriggers: 1, Batches: 1}))
	tell(t, r, progressed(`{"0":5,"1":1}`))
	tell(t, r, ended(spark.OutcomeBatch, 7_000, 2900e6, 2900e6, spark.Counters{Triggers: 3, EmptyTriggers: 1, Batches: 2}))
	got := r.observed(time.Time{}, time.Time{}, nil)
	if len(got.Batches) != 2 || len(got.Counters) != 3 {
		t.Fatalf("%d batches and %d totals, want 2 and 3", len(got.Batches), len(got.Counters))
	}
	if want := time.UnixMilli(4_750); !got.Batches[0].Ended.Equal(want) {
		t.Errorf("the first batch ended at %v, want %v: 250 ms before its trigger", got.Batches[0].Ended, want)
	}
	if got, want := got.Batches[1].Ranges[0], (report.Range{Start: 3, End: 5}); got != want {
		t.Errorf("the second batch took %v of partition 0, want %v", got, want)
	}
}

func TestDrainedOnlyOnceEveryEventWasTaken(t *testing.T) {
	r := newRecorder("demo")
	events := []report.Event{{Partition: 0, Offset: 1}, {Partition: 1, Offset: 0}}
	tell(t, r, progressed(`{"0":2,"1":0}`))
	tell(t, r, ended(spark.OutcomeBatch, 1, 1, 1, spark.Counters{}))
	if r.drained(events) {
		t.Error("drained, though partition 1 holds an event that no batch took")
	}
	tell(t, r, progressed(`{"0":2,"1":1}`))
	tell(t, r, ended(spark.OutcomeBatch, 2, 2, 2, spark.Counters{}))
	if !r.drained(events) {
		t.Error("not drained, though batches took everything")
	}
}

func TestOnlyDecisionsOfTheTunedHalfAreCounted(t *testing.T) {
	r := newRecorder("demo")
	r.step(&replay.Step{Mode: "observe"})
	r.step(&replay.Step{Mode: "learn"})
	r.step(&replay.Step{Mode: "learn", Verdict: 1})
	if d := r.decisions(); d.Applied != 1 || d.Overridden != 1 {
		t.Errorf("%d applied and %d overridden, want 1 and 1", d.Applied, d.Overridden)
	}
}

func TestAFolderThatIsNotADemosIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "thesis.txt")
	if err := os.WriteFile(precious, []byte("years"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := &demo{o: Options{Dir: dir, Profile: "balanced"}, config: filepath.Join(dir, "rubato.yaml")}
	if err := d.clear(); err == nil || !strings.Contains(err.Error(), "--dir") {
		t.Fatalf("error %v, want one that names --dir", err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(precious); err != nil {
		t.Fatal(err)
	}
	for range 2 { // empty, then a demo's own
		if err := d.clear(); err != nil {
			t.Fatal(err)
		}
		if err := d.setMode("observe"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheBarIsFullAtTheEndAndNeverLonger(t *testing.T) {
	for elapsed, want := range map[time.Duration]int{0: 0, 5 * time.Second: 10, 10 * time.Second: 20, time.Hour: 20} {
		if got := strings.Count(bar(elapsed, 10*time.Second), "="); got != want {
			t.Errorf("after %v: %d of 20, want %d", elapsed, got, want)
		}
	}
}
