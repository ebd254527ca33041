package telemetry

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"rubato/env"
	"rubato/internal/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// full is a snapshot with a different number in every place.
func full() Snapshot {
	return Snapshot{
		Queries: []Query{{
			Key: "app/q%2F1", Group: "default", Mode: "learn", Policy: "net-1", Held: true,
			Rate: 101, Forecast: [3]float64{102, 103, 104}, ForecasterDrops: map[string]uint64{"ar": 21, "lstm": 22}, Outstanding: 105,
			Configured: 2 * time.Second, Effective: 1500 * time.Millisecond, Commanded: time.Second, LastBatch: 250 * time.Millisecond,
			Triggers: 30, EmptyTriggers: 10, Batches: 20,
			Cost:         env.Components{Latency: 1.5, Empty: 10, Batch: 20, Backlog: 2.5, Miss: 3.5, Switch: 4},
			WeightedCost: 7.25, Actions: [3]uint64{5, 6, 7}, Overrides: Overrides{Backlog: 1, Stale: 2, NaN: 3, Overdue: 4}, Commands: 8, Refused: 23,
		}},
		Groups: []Group{{Name: "default", Mode: "learn", Policy: "net-1", PolicyLoss: -0.5, ValueLoss: 0.25, Entropy: 1.0625, KL: 0.125, Updates: 9, LateUpdates: 1, FailedUpdates: 16, FailedSearches: 17}},
		Lags:   []Lag{{Topic: "rubato.metrics", Partition: 0, Messages: 11}},
		Transport: transport.Stats{
			Published: 1, Dropped: 2, Failed: 3, Consumed: 4, OversizedIn: 5, OversizedOut: 6, Gaps: 7, Disconnects: 8, Away: true,
		},
		Skipped: map[string]uint64{"not_json": 12, "unknown_type": 13},
		Config:  Config{Hash: "abc", ReloadOK: true, LoadedAt: time.Unix(1700000000, 0)},
		Lost:    18, BadFields: 19,
		JournalErrors: 14, CheckpointErrors: 15, JournalDropped: 20, CheckpointAt: time.Unix(1700000001, 500e6),
	}
}

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	b, err := io.ReadAll(w.Body)
	if err != nil || w.Code != 200 {
		t.Fatalf("status %d, %v: %s", w.Code, err, b)
	}
	return string(b)
}

func TestMetricsSatisfyTheLinter(t *testing.T) {
	m := New("v1")
	m.Set(full())
	m.Decided(3 * time.Microsecond)
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestEverySnapshotValueIsShown(t *testing.T) {
	m := New("v1")
	m.Set(full())
	m.Decided(3 * time.Microsecond)
	got := scrape(t, m)
	for _, want := range strings.Split(strings.TrimSpace(`
rubato_build_info{goversion="go
rubato_query_info{group="default",mode="learn",policy="net-1",query="app/q%2F1"} 1
rubato_query_held{query="app/q%2F1"} 1
rubato_query_events_per_second{query="app/q%2F1"} 101
rubato_query_forecast_events_per_second{horizon="1s",query="app/q%2F1"} 102
rubato_query_forecast_events_per_second{horizon="3s",query="app/q%2F1"} 103
rubato_query_forecast_events_per_second{horizon="5s",query="app/q%2F1"} 104
rubato_query_forecaster_drops_total{forecaster="ar",query="app/q%2F1"} 21
rubato_query_forecaster_drops_total{forecaster="lstm",query="app/q%2F1"} 22
rubato_query_outstanding_events{query="app/q%2F1"} 105
rubato_query_interval_seconds{kind="configured",query="app/q%2F1"} 2
rubato_query_interval_seconds{kind="effective",query="app/q%2F1"} 1.5
rubato_query_interval_seconds{kind="commanded",query="app/q%2F1"} 1
rubato_query_last_batch_seconds{query="app/q%2F1"} 0.25
rubato_query_triggers_total{query="app/q%2F1"} 30
rubato_query_empty_triggers_total{query="app/q%2F1"} 10
rubato_query_batches_total{query="app/q%2F1"} 20
rubato_query_cost_total{component="latency",query="app/q%2F1"} 1.5
rubato_query_cost_total{component="empty",query="app/q%2F1"} 10
rubato_query_cost_total{component="batch",query="app/q%2F1"} 20
rubato_query_cost_total{component="backlog",query="app/q%2F1"} 2.5
rubato_query_cost_total{component="miss",query="app/q%2F1"} 3.5
rubato_query_cost_total{component="switch",query="app/q%2F1"} 4
rubato_query_weighted_cost_total{query="app/q%2F1"} 7.25
rubato_query_decisions_total{action="shorten",query="app/q%2F1"} 5
rubato_query_decisions_total{action="keep",query="app/q%2F1"} 6
rubato_query_decisions_total{action="lengthen",query="app/q%2F1"} 7
rubato_query_overrides_total{query="app/q%2F1",reason="backlog"} 1
rubato_query_overrides_total{query="app/q%2F1",reason="stale"} 2
rubato_query_overrides_total{query="app/q%2F1",reason="nan"} 3
rubato_query_overrides_total{query="app/q%2F1",reason="overdue"} 4
rubato_query_commands_total{query="app/q%2F1"} 8
rubato_query_commands_refused_total{query="app/q%2F1"} 23
rubato_learner_info{group="default",mode="learn",policy="net-1"} 1
rubato_learner_loss{group="default",part="policy"} -0.5
rubato_learner_loss{group="default",part="value"} 0.25
rubato_learner_entropy_nats{group="default"} 1.0625
rubato_learner_kl_divergence_nats{group="default"} 0.125
rubato_learner_updates_total{group="default"} 9
rubato_learner_late_updates_total{group="default"} 1
rubato_learner_failed_updates_total{group="default"} 16
rubato_learner_failed_searches_total{group="default"} 17
rubato_consumer_lag_messages{partition="0",topic="rubato.metrics"} 11
rubato_transport_messages_total{outcome="published"} 1
rubato_transport_messages_total{outcome="dropped"} 2
rubato_transport_messages_total{outcome="failed"} 3
rubato_transport_messages_total{outcome="consumed"} 4
rubato_transport_messages_total{outcome="oversized_in"} 5
rubato_transport_messages_total{outcome="oversized_out"} 6
rubato_transport_gaps_total 7
rubato_transport_disconnects_total 8
rubato_broker_up 0
rubato_messages_skipped_total{reason="not_json"} 12
rubato_messages_skipped_total{reason="unknown_type"} 13
rubato_messages_lost_total 18
rubato_progress_fields_refused_total 19
rubato_config_last_reload_successful 1
rubato_config_last_reload_success_timestamp_seconds 1.7e+09
rubato_config_info{hash="abc"} 1
rubato_journal_errors_total 14
rubato_journal_dropped_records_total 20
rubato_checkpoint_errors_total 15
rubato_checkpoint_last_success_timestamp_seconds 1.7000000015e+09
rubato_decision_duration_seconds_bucket{le="2e-06"} 0
rubato_decision_duration_seconds_bucket{le="5e-06"} 1
`), "\n") {
		if !strings.Contains(got, want) {
			t.Errorf("missing: %s", want)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

func TestMetricsOfAQueryThatIsGoneAreGone(t *testing.T) {
	m := New("v1")
	m.Set(full())
	if !strings.Contains(scrape(t, m), "app/q%2F1") {
		t.Fatal("the query is not shown")
	}
	m.Set(Snapshot{})
	if got := scrape(t, m); strings.Contains(got, "app/q%2F1") || strings.Contains(got, "rubato_learner") {
		t.Fatal("what is gone is still shown")
	}
}

func TestKeyThatIsNotUTF8DoesNotSpoilTheScrape(t *testing.T) {
	m := New("v\xff1")
	m.Set(Snapshot{Queries: []Query{{Key: "bad\xffkey"}, {Key: "good"}}, Skipped: map[string]uint64{"\xfe": 1}})
	got := scrape(t, m)
	for _, want := range []string{`query="good"`, "query=\"bad\uFFFDkey\""} {
		if !strings.Contains(got, want) {
			t.Errorf("missing: %s", want)
		}
	}
}

func BenchmarkDecided(b *testing.B) {
	m := New("v1")
	b.ReportAllocs()
	for b.Loop() {
		m.Decided(3 * time.Microsecond)
	}
}
