package spark

import (
	"rubato/env"
)

// Snapshot is what is known of one query, for people and dashboards. Durations
// are in milliseconds, rates in events/s.
type Snapshot struct {
	Query env.QueryKey `json:"query"`
	Run   env.RunID    `json:"run,omitempty"`
	// State is "waiting", "batch", "contested" (two runs under one key: both
	// are left alone), "unmanaged" (Why says why), or Gone.
	State string `json:"state"`
	Why   string `json:"why,omitempty"`
	Stale bool   `json:"stale"`

	AppName      string          `json:"appName,omitempty"`
	Name         string          `json:"name,omitempty"`
	SparkVersion string          `json:"sparkVersion,omitempty"`
	AgentVersion string          `json:"agentVersion,omitempty"`
	TriggerType  string          `json:"triggerType,omitempty"`
	HooksActive  bool            `json:"hooksActive"`
	Hooks        map[string]bool `json:"hooks,omitempty"`
	Conflict     bool            `json:"conflict"`

	Rate      float64    `json:"rate"`
	Reference float64    `json:"reference"`
	Forecast  [3]float64 `json:"forecast"`
	Backlog   float64    `json:"backlog"`
	Sighted   bool       `json:"sighted"`

	ConfiguredMs int64 `json:"configuredMs"`
	EffectiveMs  int64 `json:"effectiveMs"`
	// CommandedMs is 0 while nothing is commanded, LeaseLeftMs what the agent
	// last said of its lease.
	CommandedMs int64   `json:"commandedMs"`
	LeaseLeftMs int64   `json:"leaseLeftMs"`
	BatchMs     float64 `json:"batchMs"`
	SmoothedMs  float64 `json:"smoothedBatchMs"`

	Counters Counters `json:"counters"`
	Stats    *Stats   `json:"stats,omitempty"`
	// RoundTripMsP50 and P99 are the agent's own, null until it has any.
	RoundTripMsP50 *float64 `json:"roundTripMsP50"`
	RoundTripMsP99 *float64 `json:"roundTripMsP99"`
	// DriverWallMs is the driver's wall clock in its last message, never
	// reckoned with; SinceMs the time since that message.
	DriverWallMs int64   `json:"driverWallMs"`
	SinceMs      float64 `json:"sinceMs"`
	LastError    string  `json:"lastError,omitempty"`
}

// Gone is the state of a query that has no run, and is remembered for its next.
const Gone = "gone"

// Snapshot describes every query, in the order of the keys.
func (e *Environment) Snapshot() []Snapshot {
	out := make([]Snapshot, 0, len(e.keys))
	for _, k := range e.keys {
		out = append(out, e.snapshot(e.queries[k]))
	}
	return out
}

// Counts returns what the environment counted over its life.
func (e *Environment) Counts() Counts { return e.s.Counts }

// Forecaster is that of the query's newest run; nil where it has none.
func (e *Environment) Forecaster(k env.QueryKey) env.Forecaster {
	q := e.queries[k]
	if q == nil || q.newest() == nil {
		return nil
	}
	return q.newest().tracker.Forecaster()
}

func (e *Environment) snapshot(q *query) Snapshot {
	s := Snapshot{Query: q.key, State: Gone, LastError: q.err}
	r := q.newest()
	if r == nil {
		return s
	}
	o := &r.Observed
	s.Run, s.Why = r.ID, r.unmanaged()
	switch {
	case q.contested():
		s.State, s.Why = "contested", "two runs under one key"
	case s.Why != "":
		s.State = "unmanaged"
	case r.tracker.InBatch():
		s.State = PhaseBatch
	default:
		s.State = PhaseWaiting
	}
	if i := r.Info; i != nil {
		s.AppName, s.Name, s.TriggerType = i.AppName, i.Name, i.TriggerType
		s.SparkVersion, s.AgentVersion = i.SparkVersion, i.AgentVersion
		s.HooksActive, s.Hooks = i.HooksActive, i.Hooks
	}
	s.Conflict, s.Counters, s.Stats = r.Conflict, r.Counters, r.Stats
	s.SinceMs, s.DriverWallMs = e.s.Now.Sub(r.LastAt)*1e3, r.WallMs
	s.Stale = s.SinceMs > staleAfter*1e3
	s.Rate, s.Reference, s.Forecast = o.R2, o.Reference, o.Forecast
	s.Backlog, s.Sighted = o.Outstanding, r.sighted(e.s.Now)
	if s.Sighted {
		s.Backlog = r.Ledger.outstanding() // no older than the sample
	}
	s.ConfiguredMs, s.EffectiveMs = r.ConfiguredMs, r.IntervalMs
	if r.Lease.Sent {
		s.CommandedMs = r.Lease.IntervalMs
	}
	if r.Applied != nil {
		s.LeaseLeftMs = r.Applied.LeaseLeftMs
	}
	s.BatchMs, s.SmoothedMs = o.BatchLast*1e3, o.BatchSmoothed*1e3
	if r.Stats != nil {
		s.RoundTripMsP50, s.RoundTripMsP99 = quantile(r.Stats, 0.5), quantile(r.Stats, 0.99)
	}
	return s
}

func quantile(s *Stats, q float64) *float64 {
	v, ok := s.RoundTrip.Quantile(q)
	if !ok {
		return nil
	}
	return &v
}
