package spark

import (
	"encoding/json"
	"testing"

	"rubato/env"
)

func TestASnapshotTellsHowAQueryStands(t *testing.T) {
	w, a := introduced(t)
	w.act = func(env.Tick) int { return 2 }
	w.feed(sampleAt(t, at(5.5), "b:1", 300), sampleAt(t, at(6.5), "b:1", 420), tickAt(at(6.5)))
	a.obey(w.sent[0], 9_000)
	m := a.m
	m.Type = Heartbeat
	m.Stats = &Stats{Applied: 1, RoundTrip: Histogram{Count: 100, Base: 2, Buckets: map[int]uint64{10: 98, 12: 2}}}
	w.feed(a.send(at(7), m))
	got := w.Snapshot()
	if len(got) != 1 {
		t.Fatalf("%d snapshots", len(got))
	}
	s := got[0]
	if s.Query != "shop/orders" || s.Run != "r1" || s.State != PhaseWaiting || s.Stale || !s.HooksActive || s.Conflict || s.AppName != "shop" {
		t.Errorf("who: %+v", s)
	}
	if s.Backlog != 120 || !s.Sighted || s.Rate <= 0 || s.Reference <= 0 || s.Counters.Batches != 3 || s.BatchMs != 150 {
		t.Errorf("load: %+v", s)
	}
	if s.ConfiguredMs != 2000 || s.EffectiveMs != 3200 || s.CommandedMs != 3200 || s.LeaseLeftMs != 9000 {
		t.Errorf("intervals: %+v", s)
	}
	if s.RoundTripMsP50 == nil || *s.RoundTripMsP50 < 1 || *s.RoundTripMsP50 > 2.1 || *s.RoundTripMsP99 < 4 {
		t.Errorf("round trips: %v %v", s.RoundTripMsP50, s.RoundTripMsP99)
	}
	why := "it broke"
	m = a.m
	m.Type, m.Exception = Terminated, &why
	w.feed(a.send(at(8), m))
	if s := w.Snapshot()[0]; s.State != "gone" || s.LastError != why {
		t.Errorf("at the end: %+v", s)
	}
	if _, err := json.Marshal(w.Snapshot()); err != nil {
		t.Error(err)
	}
}

func TestATunerOfAnOlderEpochSaysThatItIsNotObeyed(t *testing.T) {
	w, a := introduced(t)
	a.m.Applied = &Applied{Epoch: 9, Seq: 1, IntervalMs: 500, LeaseLeftMs: 5000}
	w.feed(a.heartbeat(at(6)))
	if got := w.Snapshot()[0].LastError; got != "the agent obeys epoch 9, later than this tuner's 1" {
		t.Errorf("got %q", got)
	}
}
