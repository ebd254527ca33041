package app

import (
	"errors"
	"sort"
	"strings"
	"sync"
	"time"

	"rubato/agent"
	"rubato/env"
	"rubato/env/forecast"
	"rubato/env/spark"
	"rubato/internal/telemetry"
	"rubato/internal/transport"
	"rubato/policy"
	"rubato/replay"
)

// tally counts what the metrics show. All but lags belong to the loop.
type tally struct {
	queries          map[env.QueryKey]*telemetry.Query
	reasons          map[string]uint64
	journalErrors    uint64
	journalDown      bool
	checkpointErrors uint64
	checkpointAt     time.Time
	complainedAt     time.Time
	// failures are the failed updates and searches that were warned of, by group.
	failures map[string]uint64

	mu  sync.Mutex // guards lag, which the consumer feeds
	lag map[int32]lag
}

// lag is how far the loop is behind a partition.
type lag struct{ next, end int64 }

// complainEvery limits how often skipped messages are logged.
const complainEvery = time.Minute

func (t *tally) reset() {
	t.queries = map[env.QueryKey]*telemetry.Query{}
	t.reasons = map[string]uint64{}
	t.failures = map[string]uint64{}
	t.lag = map[int32]lag{}
}

// resume starts from where a former process left off.
func (t *tally) resume(positions map[int32]int64) {
	for p, next := range positions {
		t.lag[p] = lag{next: next}
	}
}

func (t *tally) query(k env.QueryKey) *telemetry.Query {
	q := t.queries[k]
	if q == nil {
		q = &telemetry.Query{Key: k}
		t.queries[k] = q
	}
	return q
}

// step counts a decision.
func (t *tally) step(s *replay.Step) {
	q := t.query(s.Query)
	q.Group, q.Mode, q.Policy = s.Group, s.Mode, label(s.Policy, s.Mode == string(agent.Learn))
	q.Cost = q.Cost.Add(s.Cost)
	q.WeightedCost += s.Observation.Weights.Cost(s.Cost)
	q.Actions[s.Action]++
	if s.Verdict&policy.VerdictBacklog != 0 {
		q.Overrides.Backlog++
	}
	if s.Verdict&policy.VerdictStale != 0 {
		q.Overrides.Stale++
	}
	if s.Verdict&policy.VerdictNaN != 0 {
		q.Overrides.NaN++
	}
	if s.Verdict&policy.VerdictOverdue != 0 {
		q.Overrides.Overdue++
	}
}

// label is a policy's name in the metrics. A network that learns has another one
// after each update, and a label of them would make series without end.
func label(policy string, learns bool) string {
	if learns && strings.HasPrefix(policy, "net-") {
		return agent.Learned
	}
	return policy
}

func (t *tally) command(k env.QueryKey) { t.query(k).Commands++ }

// skipped counts an input that could not be used, by its reason.
func (t *tally) skipped(err error) {
	reason := "other"
	for name, known := range map[string]error{
		"malformed": spark.ErrMessage, "backward": spark.ErrBackward, "gone": spark.ErrGone,
		"full": spark.ErrFull, "input": spark.ErrInput,
	} {
		if errors.Is(err, known) {
			reason = name
		}
	}
	t.reasons[reason]++
}

func (t *tally) fetched(partition int32, end int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lag[partition]
	l.end = end
	t.lag[partition] = l
}

func (t *tally) consumed(partition int32, offset int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lag[partition]
	l.next = max(l.next, offset+1) // a gap may have been told ahead of it
	t.lag[partition] = l
}

// moved takes in that what lies between is missing; a topic that was made anew
// goes back.
func (t *tally) moved(partition int32, from, to int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lag[partition]
	if l.next = max(l.next, to); to < from {
		l.next = to
	}
	t.lag[partition] = l
}

// reached tells whether everything before the ends was taken, or is not to be
// had any more.
func (t *tally) reached(ends transport.Positions) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for p, end := range ends {
		if t.lag[p].next < end {
			return false
		}
	}
	return true
}

func (t *tally) lags(topic string) []telemetry.Lag {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]telemetry.Lag, 0, len(t.lag))
	for p, l := range t.lag {
		out = append(out, telemetry.Lag{Topic: topic, Partition: p, Messages: max(l.end-l.next, 0)})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Partition < out[j].Partition })
	return out
}

// show brings the metrics, and what brokers are to be asked, up to date.
func (a *App) show() {
	wanted := a.core.env.Wanted()
	a.wanted.Store(&wanted)
	cfg := a.config.Load()
	s := telemetry.Snapshot{
		Lags: a.tally.lags(cfg.Kafka.Prefix + metricsTopic), Transport: a.client.Stats(),
		Skipped: map[string]uint64{}, Config: *a.loaded.Load(),
		JournalErrors: a.tally.journalErrors, CheckpointErrors: a.tally.checkpointErrors,
		CheckpointAt: a.tally.checkpointAt, JournalDropped: a.journal.Dropped(),
	}
	counts := a.core.env.Counts()
	s.Lost, s.BadFields = counts.Lost, counts.BadFields
	for reason, n := range a.tally.reasons {
		s.Skipped[reason] = n
	}
	live := map[env.QueryKey]bool{}
	queries := a.core.snapshot()
	a.tell(queries)
	for _, q := range queries {
		if q.State == spark.Gone {
			continue
		}
		live[q.Query] = true
		s.Queries = append(s.Queries, a.shown(&q))
	}
	for k := range a.tally.queries {
		if !live[k] {
			delete(a.tally.queries, k)
		}
	}
	for _, g := range a.core.loop.Status() {
		s.Groups = append(s.Groups, shownGroup(&g))
		a.warn(&g)
	}
	a.metrics.Set(s)
	a.complain()
}

// complain logs skipped messages, at most once a minute.
func (a *App) complain() {
	if len(a.tally.reasons) == 0 || time.Since(a.tally.complainedAt) < complainEvery {
		return
	}
	a.tally.complainedAt = time.Now()
	e := a.log.Warn()
	for reason, n := range a.tally.reasons {
		e = e.Uint64(reason, n)
	}
	e.Msg("inputs were skipped since the start")
}

// shown joins what the environment and the decisions tell of a query.
func (a *App) shown(q *spark.Snapshot) telemetry.Query {
	t := *a.tally.query(q.Query)
	t.Held = a.core.loop.Held(q.Query)
	t.Rate, t.Forecast, t.Outstanding = q.Rate, q.Forecast, q.Backlog
	if e, ok := a.core.env.Forecaster(q.Query).(*forecast.Ensemble); ok {
		t.ForecasterDrops = map[string]uint64{}
		for m, n := range e.Drops() {
			t.ForecasterDrops[forecast.Members[m]] = n
		}
	}
	t.Configured, t.Effective, t.Commanded = ms(q.ConfiguredMs), ms(q.EffectiveMs), ms(q.CommandedMs)
	if q.Stats != nil {
		t.Refused = q.Stats.Refused
	}
	t.LastBatch = time.Duration(q.BatchMs * float64(time.Millisecond))
	t.Triggers, t.EmptyTriggers, t.Batches = q.Counters.Triggers, q.Counters.EmptyTriggers, q.Counters.Batches
	return t
}

func shownGroup(g *agent.GroupStatus) telemetry.Group {
	out := telemetry.Group{Name: g.Name, Mode: string(g.Mode), Policy: label(g.Policy, g.Mode == agent.Learn)}
	if l := g.Learner; l != nil {
		out.PolicyLoss, out.ValueLoss = l.PolicyLoss, l.ValueLoss
		out.Entropy, out.KL = l.Entropy, l.KL
		out.Updates, out.LateUpdates, out.FailedUpdates = l.Updates, l.Late, l.Failed
	}
	if u := g.Search; u != nil {
		out.FailedSearches = u.Failed
	}
	return out
}

// warn logs what failed in a group's learning since it was last asked.
func (a *App) warn(g *agent.GroupStatus) {
	if g.Learner == nil {
		return
	}
	failed := g.Learner.Failed + g.Search.Failed
	err := errors.Join(g.Learner.Err, g.Search.Err)
	if err != nil && failed != a.tally.failures[g.Name] {
		a.log.Warn().Err(err).Str("group", g.Name).Uint64("failures", failed).
			Msg("learning failed: the policy stays as it was")
	}
	a.tally.failures[g.Name] = failed
}
