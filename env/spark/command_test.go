package spark

import (
	"encoding/json"
	"testing"
	"time"

	"rubato/env"
)

// obey tells what the agent shows after the command.
func (a *agent) obey(c Command, left int64) {
	d := c.Decision
	a.m.Applied = &Applied{Epoch: d.Epoch, Seq: d.Seq, IntervalMs: d.IntervalMs, LeaseLeftMs: left}
	a.m.Managed, a.m.IntervalMs = left > 0, d.IntervalMs
}

func TestACommandIsSentWhenItChangesTheInterval(t *testing.T) {
	w, a := introduced(t)
	rung := 1 // 800 ms
	w.act = func(env.Tick) int { return rung }
	w.feed(a.empty(at(7))...)
	if len(w.sent) != 1 {
		t.Fatalf("sent %+v, want one command", w.sent)
	}
	got, cause := w.sent[0], a.m.Seq
	want := Decision{V: 1, Epoch: 1, Seq: 1, Run: "r1", IntervalMs: 800, Action: "shorten", LeaseMs: 10_000, CauseSeq: &cause, Policy: "rule", Mode: "learn"}
	gotJSON, wantJSON := encodeDecision(t, got.Decision), encodeDecision(t, want)
	if got.Query != "shop/orders" || gotJSON != wantJSON {
		t.Errorf("sent %s to %s, want %s", gotJSON, got.Query, wantJSON)
	}
	a.obey(got, 9_900)
	w.feed(a.heartbeat(at(7.5)), tickAt(at(7.6)), tickAt(at(7.8)), tickAt(at(9)))
	if len(w.sent) != 1 {
		t.Errorf("sent again what holds: %+v", w.sent[1:])
	}
	rung = 2
	w.feed(tickAt(at(9.2)))
	if len(w.sent) != 2 || w.sent[1].Decision.Action != "lengthen" || w.sent[1].Decision.IntervalMs != 3200 || w.sent[1].Decision.Seq != 2 {
		t.Fatalf("sent %+v", w.sent[1:])
	}
	if w.sent[1].Decision.CauseSeq != nil {
		t.Errorf("a tick inside a wait has the cause %d", *w.sent[1].Decision.CauseSeq)
	}
	if s := w.Snapshot()[0]; s.CommandedMs != 3200 || s.EffectiveMs != 800 || s.ConfiguredMs != 2000 || s.LeaseLeftMs != 9_900 {
		t.Errorf("snapshot %+v", s)
	}
}

func TestAWaitThatOutlastedItsRungIsEndedByItsOwnLength(t *testing.T) {
	w, a := introduced(t)
	rung := 2 // 3.2 s
	w.act = func(env.Tick) int { return rung }
	w.feed(a.empty(at(7))...)
	rung = 1 // 0.8 s, which a batch may outlast
	w.feed(a.heartbeat(at(8)), tickAt(at(8.5)), tickAt(at(8.7)))
	if len(w.sent) != 2 || w.sent[1].Decision.IntervalMs < 1_450 || w.sent[1].Decision.IntervalMs > 1_500 {
		t.Fatalf("sent %+v, want one command of the 1.5 s that it has waited", w.sent)
	}
	if o := w.last().Observation; o.Interval != 0.8 {
		t.Errorf("an interval of %v s, want its rung's", o.Interval)
	}
	w.feed(a.empty(at(8.72))...)
	if last := w.sent[len(w.sent)-1].Decision; len(w.sent) != 3 || last.IntervalMs != 800 {
		t.Errorf("after the next trigger %+v, want the rung itself", last)
	}
}

func encodeDecision(t *testing.T, d Decision) string {
	t.Helper()
	b, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestALeaseIsRenewedWhenHalfOfItIsGone(t *testing.T) {
	w, a := introduced(t)
	w.act = func(env.Tick) int { return 2 }
	w.feed(tickAt(at(6)))
	for i := range 12 {
		a.obey(w.sent[len(w.sent)-1], 9000)
		w.feed(a.heartbeat(at(6.9+float64(i))), tickAt(at(7+float64(i))))
	}
	if len(w.sent) != 3 {
		t.Fatalf("%d commands in 12 s, want 3", len(w.sent))
	}
	for i, c := range w.sent[1:] {
		if c.Decision.Action != "keep" || c.Decision.CauseSeq != nil || c.Decision.Seq != uint64(i+2) {
			t.Errorf("renewal %+v", c.Decision)
		}
	}
}

func TestACommandThatTheAgentDoesNotShowIsSentAgain(t *testing.T) {
	w, a := introduced(t)
	w.act = func(env.Tick) int { return 2 }
	w.feed(tickAt(at(6)), a.heartbeat(at(6.5)), tickAt(at(6.6)))
	if len(w.sent) != 1 {
		t.Fatalf("sent %d within a second", len(w.sent))
	}
	w.feed(a.heartbeat(at(7.5)), tickAt(at(7.6)))
	if len(w.sent) != 2 || w.sent[1].Decision.Seq <= w.sent[0].Decision.Seq {
		t.Errorf("sent %+v", w.sent)
	}
}

func TestReleaseGivesTheIntervalBackUntilTheNextAct(t *testing.T) {
	w, a := introduced(t)
	b := newAgent(t, "shop/other", "rb")
	w.act = func(env.Tick) int { return 2 }
	w.feed(b.started(at(5.5), SourceOptions{Subscribe: "orders"}), tickAt(at(6)))
	if len(w.sent) != 2 {
		t.Fatalf("sent %+v", w.sent)
	}
	w.act = nil
	w.sent = nil
	w.ReleaseAll()
	out := w.Outgoing(stampOf)
	if len(out) != 2 || out[0].Query != "shop/orders" || out[1].Query != "shop/other" {
		t.Fatalf("released %+v", out)
	}
	for _, c := range out {
		if d := c.Decision; d.Action != ActionRelease || d.LeaseMs != 0 || d.IntervalMs != 2000 {
			t.Errorf("release %+v", d)
		}
	}
	w.sent = nil
	w.feed(a.heartbeat(at(7)), tickAt(at(8)), a.heartbeat(at(19.9)), tickAt(at(20)))
	if len(w.sent) != 0 {
		t.Errorf("sent after the release: %+v", w.sent)
	}
	w.Act("shop/orders", 1)
	if out := w.Outgoing(stampOf); len(out) != 1 || out[0].Decision.IntervalMs != 10_000 { // it waits for longer already
		t.Errorf("taken up again with %+v", out)
	}
}

func TestAQueryThatBecomesObservedIsReleased(t *testing.T) {
	w, a := introduced(t)
	w.act = func(env.Tick) int { return 0 }
	w.feed(tickAt(at(6)))
	o := options(t)
	resolved, _ := o.Resolve("", 0)
	resolved.Command = false
	w.Configure(func(env.QueryKey, time.Duration) (Resolved, bool) { return resolved, true })
	w.feed(a.heartbeat(at(6.5)), tickAt(at(6.6)), tickAt(at(12)))
	if len(w.sent) != 2 || w.sent[1].Decision.Action != ActionRelease {
		t.Errorf("sent %+v, want one release", w.sent)
	}
	if rung := w.last().Observation.Rung; rung != float64(ladder(t).Nearest(2e9)) {
		t.Errorf("at rung %v", rung)
	}
}

func TestNewSettingsHoldFromTheNextTick(t *testing.T) {
	w, _ := introduced(t)
	o := options(t)
	resolved, _ := o.Resolve("", 0)
	resolved.Settings.Weights.Latency = 7
	resolved.Settings.Target = 3e9
	w.Configure(func(env.QueryKey, time.Duration) (Resolved, bool) { return resolved, true })
	w.feed(tickAt(at(6)))
	if got := w.last().Observation; got.Weights.Latency != 7 || got.Target != 3 {
		t.Errorf("weights %+v, target %v", got.Weights, got.Target)
	}
}

func TestNumbersOfCommandsNeverFallBehindTheAgents(t *testing.T) {
	w, a := introduced(t)
	a.m.Applied = &Applied{Epoch: 1, Seq: 500, IntervalMs: 2000}
	w.act = func(env.Tick) int { return 2 }
	w.feed(a.heartbeat(at(6)), tickAt(at(6.2)))
	if len(w.sent) != 1 || w.sent[0].Decision.Seq != 501 {
		t.Errorf("sent %+v, want 501: a checkpoint may be older than the agent", w.sent)
	}
	w.feed(env.Input{At: at(7), Kind: env.InputStart, Value: []byte(`{"epoch":2}`)}, env.Input{At: at(7), Kind: env.InputCaughtUp})
	a.m.Applied.Seq = 9000 // of the old epoch
	w.feed(a.heartbeat(at(8)), tickAt(at(8.2)))
	if last := w.sent[len(w.sent)-1].Decision; last.Epoch != 2 || last.Seq > 1000 {
		t.Errorf("sent %+v", last)
	}
}

func TestADecisionIsOneObjectOfTheWire(t *testing.T) {
	b, err := Decision{V: 1, Epoch: 2, Seq: 3, Run: "r", IntervalMs: 400, Action: "keep", LeaseMs: 10_000, Policy: "p", Mode: "serve"}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"v":1,"epoch":2,"seq":3,"runId":"r","intervalMs":400,"action":"keep","leaseMs":10000,"causeSeq":null,"policy":"p","mode":"serve"}`
	if string(b) != want || !json.Valid(b) {
		t.Errorf("got %s", b)
	}
}

func TestConfiguringTheSameAgainChangesNothing(t *testing.T) {
	w, a := introduced(t)
	w.act = func(env.Tick) int { return 1 }
	w.feed(tickAt(at(6)), a.heartbeat(at(6.5)))
	before := encode(t, w)
	w.Pace(10*time.Second, []string{"b:1"})
	w.Configure(options(t).Resolve)
	if after := encode(t, w); after != before {
		t.Errorf("a restart would not continue bit for bit:\n%s\n%s", before, after)
	}
}

func TestALeaseThatChangesHoldsFromTheNextCommand(t *testing.T) {
	w, _ := introduced(t)
	w.Pace(4*time.Second, nil)
	w.act = func(env.Tick) int { return 1 }
	w.feed(tickAt(at(6)))
	if len(w.sent) != 1 || w.sent[0].Decision.LeaseMs != 4000 {
		t.Errorf("sent %+v", w.sent)
	}
}
