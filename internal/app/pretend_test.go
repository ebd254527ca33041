package app

import (
	"encoding/json"
	"fmt"
	"testing"

	"rubato/env"
	"rubato/env/spark"
)

// pretended is what the Java agent says of one run. Its clock is its own: skew
// is the driver's monotonic clock minus the tuner's, ns.
type pretended struct {
	tb     testing.TB
	key    string
	skew   int64
	m      spark.Message
	offset int64 // committed so far
	batch  int64
}

func pretend(tb testing.TB, key, run string) *pretended {
	return &pretended{tb: tb, key: key, skew: -1e15, m: spark.Message{
		V: spark.Version, Run: env.RunID(run), Phase: spark.PhaseWaiting, IntervalMs: 1000, ConfiguredMs: 1000,
	}}
}

// say numbers a message that tells of the moment at.
func (p *pretended) say(at env.Time, m spark.Message) []byte {
	p.tb.Helper()
	p.m.Seq++
	m.Seq, m.MonoNs, m.WallMs = p.m.Seq, int64(at)+p.skew, int64(at)/1e6
	b, err := json.Marshal(m)
	if err != nil {
		p.tb.Fatal(err)
	}
	return b
}

func (p *pretended) started(at env.Time) []byte {
	m := p.m
	m.Type, m.AppID, m.AppName, m.Name = spark.Started, "app-1", "shop", "orders"
	m.TriggerType, m.Manageable, m.HooksActive = "ProcessingTime", true, true
	m.Sources = []spark.Source{{Name: "rate"}}
	return p.say(at, m)
}

func (p *pretended) begin(at env.Time) []byte {
	p.m.Counters.Triggers++
	p.m.Phase = spark.PhaseBatch
	mono, wall := int64(at)+p.skew, int64(at)/1e6
	p.m.TriggerStartMonoNs, p.m.TriggerStartMs = &mono, &wall
	m := p.m
	m.Type, m.Edge = spark.Trigger, spark.EdgeStart
	return p.say(at, m)
}

// end ends the trigger with a batch of rows, or empty where there are none.
func (p *pretended) end(at env.Time, rows int64) [][]byte {
	var out [][]byte
	if rows > 0 {
		m := p.m
		m.Type = spark.Progressed
		m.Progress = json.RawMessage(fmt.Sprintf(`{"batchId":%d,"numInputRows":%d,"timestamp":"2026-01-01T00:00:00.000Z",`+
			`"durationMs":{"addBatch":100,"triggerExecution":150},"sources":[{"description":"RateStream",`+
			`"startOffset":%d,"endOffset":%d,"numInputRows":%d}],"sink":{"description":"noop"}}`,
			p.batch, rows, p.offset, p.offset+rows, rows))
		p.offset += rows
		out = append(out, p.say(at, m))
	}
	p.m.Phase = spark.PhaseWaiting
	e := p.m
	e.Type, e.Edge, e.Outcome = spark.Trigger, spark.EdgeEnd, spark.OutcomeEmpty
	if rows > 0 {
		p.m.Counters.Batches++
		id, mono := p.batch, int64(at)+p.skew
		e.Outcome, e.BatchID, e.BatchEndMonoNs = spark.OutcomeBatch, &id, &mono
		p.batch++
	} else {
		p.m.Counters.EmptyTriggers++
	}
	e.Counters = p.m.Counters
	return append(out, p.say(at, e))
}

func (p *pretended) heartbeat(at env.Time) []byte {
	m := p.m
	m.Type, m.Stats = spark.Heartbeat, &spark.Stats{}
	return p.say(at, m)
}

func (p *pretended) terminated(at env.Time) []byte {
	m := p.m
	m.Type = spark.Terminated
	return p.say(at, m)
}

// obey puts a decision in force as the agent does: of its run, and newer.
func (p *pretended) obey(d *spark.Decision) {
	if a := p.m.Applied; d.Run != p.m.Run || a != nil && (d.Epoch < a.Epoch || d.Epoch == a.Epoch && d.Seq <= a.Seq) {
		return
	}
	p.m.IntervalMs, p.m.Managed = d.IntervalMs, d.LeaseMs > 0
	p.m.Applied = &spark.Applied{Epoch: d.Epoch, Seq: d.Seq, IntervalMs: d.IntervalMs, LeaseLeftMs: d.LeaseMs}
}
