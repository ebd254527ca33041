package telemetry

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rubato/env"
)

// family is one metric name and what its values are.
type family struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

// families are all metrics that come from the snapshot, in order of their making.
var families []*prometheus.Desc

func newFamily(kind prometheus.ValueType, name, help string, labels ...string) family {
	d := prometheus.NewDesc("rubato_"+name, help, labels, nil)
	families = append(families, d)
	return family{d, kind}
}

func gauge(name, help string, labels ...string) family {
	return newFamily(prometheus.GaugeValue, name, help, labels...)
}

func counter(name, help string, labels ...string) family {
	return newFamily(prometheus.CounterValue, name, help, labels...)
}

var (
	queryInfo     = gauge("query_info", "A live query, its group, mode and policy; always 1.", "query", "group", "mode", "policy")
	queryHeld     = gauge("query_held", "1 while an operator holds the query on its configured interval.", "query")
	queryRate     = gauge("query_events_per_second", "Recent arrival rate.", "query")
	queryForecast = gauge("query_forecast_events_per_second", "Forecast arrival rate, by how far ahead.", "query", "horizon")
	queryDrops    = counter("query_forecaster_drops_total", "Times that a forecaster was left out of the ensemble: it erred, or seconds were missing.", "query", "forecaster")
	queryBacklog  = gauge("query_outstanding_events", "Events arrived and not yet committed by a batch.", "query")
	queryInterval = gauge("query_interval_seconds", "Trigger interval: the job's own, the one in use, the one commanded (0 for none).", "query", "kind")
	queryBatch    = gauge("query_last_batch_seconds", "Duration of the last batch.", "query")
	queryTriggers = counter("query_triggers_total", "Triggers, empty or with a batch.", "query")
	queryEmpties  = counter("query_empty_triggers_total", "Triggers that found nothing.", "query")
	queryBatches  = counter("query_batches_total", "Triggers that ran a batch.", "query")
	queryCost     = counter("query_cost_total", "Cost by component, not weighted: latency, backlog and miss in seconds of delay, the others in events of their kind.", "query", "component")
	queryWeighted = counter("query_weighted_cost_total", "Weighted sum of the cost components: minus the reward.", "query")
	queryActions  = counter("query_decisions_total", "Decisions by the action executed.", "query", "action")
	queryShield   = counter("query_overrides_total", "Actions that the shield overrode, by reason.", "query", "reason")
	queryCommands = counter("query_commands_total", "Commands sent.", "query")
	queryRefused  = counter("query_commands_refused_total", "Commands, of any tuner, that the agent of the run did not obey; /api/queries has the reasons.", "query")

	groupInfo         = gauge("learner_info", "A group, its mode and its policy; always 1.", "group", "mode", "policy")
	groupLoss         = gauge("learner_loss", "Loss of the last update, of the policy and of the value.", "group", "part")
	groupEntropy      = gauge("learner_entropy_nats", "Entropy of the policy at the last update.", "group")
	groupKL           = gauge("learner_kl_divergence_nats", "Divergence of the policy from the one before the last update.", "group")
	groupUpdates      = counter("learner_updates_total", "Updates of the policy.", "group")
	groupLate         = counter("learner_late_updates_total", "Updates put off because they were not ready when due.", "group")
	groupUpdateFailed = counter("learner_failed_updates_total", "Updates of the policy that failed: it stayed as it was.", "group")
	groupSearchFailed = counter("learner_failed_searches_total", "Searches for a threshold that failed: it stayed as it was.", "group")

	consumerLag  = gauge("consumer_lag_messages", "Messages of a partition not yet taken.", "topic", "partition")
	messages     = counter("transport_messages_total", "Messages by what became of them.", "outcome")
	gaps         = counter("transport_gaps_total", "Times that messages were missing at the broker.")
	disconnects  = counter("transport_disconnects_total", "Times that an address of the broker went out of reach.")
	brokerUp     = gauge("broker_up", "0 while no address of the broker can be reached.")
	skipped      = counter("messages_skipped_total", "Messages that could not be used, by reason.", "reason")
	lost         = counter("messages_lost_total", "Messages of agents that never came.")
	badFields    = counter("progress_fields_refused_total", "Fields of Spark's progress that were there and not believed.")
	configOK     = gauge("config_last_reload_successful", "1 when the last attempt to load the configuration succeeded.")
	configAt     = gauge("config_last_reload_success_timestamp_seconds", "When the configuration in force was loaded.")
	configInfo   = gauge("config_info", "The hash of the configuration in force; always 1.", "hash")
	journalErrs  = counter("journal_errors_total", "Failed writes to the journal.")
	journalDrops = counter("journal_dropped_records_total", "Records given up because the journal could not be written.")
	checkErrs    = counter("checkpoint_errors_total", "Failed writes of a checkpoint.")
	checkpointAt = gauge("checkpoint_last_success_timestamp_seconds", "When the last checkpoint was written; 0 if none was.")
)

// collector turns the last snapshot into metrics.
type collector struct{ m *Metrics }

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range families {
		ch <- d
	}
}

// sink takes the samples of one scrape.
type sink chan<- prometheus.Metric

func (s sink) put(f family, v float64, labels ...string) {
	for i, l := range labels {
		labels[i] = valid(l)
	}
	s <- prometheus.MustNewConstMetric(f.desc, f.kind, v, labels...)
}

func (s sink) count(f family, n uint64, labels ...string) { s.put(f, float64(n), labels...) }

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s, out := c.m.snapshot.Load(), sink(ch)
	for i := range s.Queries {
		out.query(&s.Queries[i])
	}
	for i := range s.Groups {
		out.group(&s.Groups[i])
	}
	for _, l := range s.Lags {
		out.put(consumerLag, float64(l.Messages), l.Topic, strconv.Itoa(int(l.Partition)))
	}
	out.tuner(s)
}

func (s sink) query(q *Query) {
	k := string(q.Key)
	s.put(queryInfo, 1, k, q.Group, q.Mode, q.Policy)
	s.put(queryHeld, truth(q.Held), k)
	s.put(queryRate, q.Rate, k)
	for i, h := range [...]string{"1s", "3s", "5s"} {
		s.put(queryForecast, q.Forecast[i], k, h)
	}
	for _, name := range slices.Sorted(maps.Keys(q.ForecasterDrops)) {
		s.count(queryDrops, q.ForecasterDrops[name], k, name)
	}
	s.put(queryBacklog, q.Outstanding, k)
	s.put(queryInterval, q.Configured.Seconds(), k, "configured")
	s.put(queryInterval, q.Effective.Seconds(), k, "effective")
	s.put(queryInterval, q.Commanded.Seconds(), k, "commanded")
	s.put(queryBatch, q.LastBatch.Seconds(), k)
	s.count(queryTriggers, q.Triggers, k)
	s.count(queryEmpties, q.EmptyTriggers, k)
	s.count(queryBatches, q.Batches, k)
	s.put(queryCost, q.Cost.Latency, k, "latency")
	s.put(queryCost, q.Cost.Empty, k, "empty")
	s.put(queryCost, q.Cost.Batch, k, "batch")
	s.put(queryCost, q.Cost.Backlog, k, "backlog")
	s.put(queryCost, q.Cost.Miss, k, "miss")
	s.put(queryCost, q.Cost.Switch, k, "switch")
	s.put(queryWeighted, q.WeightedCost, k)
	for a, n := range q.Actions {
		s.count(queryActions, n, k, env.Action(a).String())
	}
	s.count(queryShield, q.Overrides.Backlog, k, "backlog")
	s.count(queryShield, q.Overrides.Stale, k, "stale")
	s.count(queryShield, q.Overrides.NaN, k, "nan")
	s.count(queryShield, q.Overrides.Overdue, k, "overdue")
	s.count(queryCommands, q.Commands, k)
	s.count(queryRefused, q.Refused, k)
}

func (s sink) group(g *Group) {
	s.put(groupInfo, 1, g.Name, g.Mode, g.Policy)
	s.put(groupLoss, g.PolicyLoss, g.Name, "policy")
	s.put(groupLoss, g.ValueLoss, g.Name, "value")
	s.put(groupEntropy, g.Entropy, g.Name)
	s.put(groupKL, g.KL, g.Name)
	s.count(groupUpdates, g.Updates, g.Name)
	s.count(groupLate, g.LateUpdates, g.Name)
	s.count(groupUpdateFailed, g.FailedUpdates, g.Name)
	s.count(groupSearchFailed, g.FailedSearches, g.Name)
}

func (s sink) tuner(t *Snapshot) {
	s.count(messages, t.Transport.Published, "published")
	s.count(messages, t.Transport.Dropped, "dropped")
	s.count(messages, t.Transport.Failed, "failed")
	s.count(messages, t.Transport.Consumed, "consumed")
	s.count(messages, t.Transport.OversizedIn, "oversized_in")
	s.count(messages, t.Transport.OversizedOut, "oversized_out")
	s.count(gaps, t.Transport.Gaps)
	s.count(disconnects, t.Transport.Disconnects)
	s.put(brokerUp, truth(!t.Transport.Away))
	for _, reason := range slices.Sorted(maps.Keys(t.Skipped)) {
		s.count(skipped, t.Skipped[reason], reason)
	}
	s.count(lost, t.Lost)
	s.count(badFields, t.BadFields)
	s.put(configOK, truth(t.Config.ReloadOK))
	s.put(configAt, stamp(t.Config.LoadedAt))
	s.put(configInfo, 1, t.Config.Hash)
	s.count(journalErrs, t.JournalErrors)
	s.count(journalDrops, t.JournalDropped)
	s.count(checkErrs, t.CheckpointErrors)
	s.put(checkpointAt, stamp(t.CheckpointAt))
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// stamp is t in seconds of the Unix epoch, 0 for the zero time.
func stamp(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1e3
}
