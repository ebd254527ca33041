package telemetry

import (
	"time"

	"rubato/env"
	"rubato/internal/transport"
)

// Snapshot is the state of the tuner at a moment. Totals are since the process
// began; those of groups and forecasters, Lost and BadFields are kept over
// restarts. It must not be changed once it was handed over.
type Snapshot struct {
	Queries []Query
	Groups  []Group
	Lags    []Lag

	Transport transport.Stats
	// Skipped counts messages that could not be used, by reason.
	Skipped map[string]uint64
	Config  Config
	// Lost are messages of agents that never came, BadFields fields of Spark's
	// progress that were there and not believed.
	Lost, BadFields uint64
	// JournalErrors and CheckpointErrors count failed writes, JournalDropped
	// the records given up because the journal could not be written.
	JournalErrors, CheckpointErrors, JournalDropped uint64
	// CheckpointAt is when the last checkpoint was written; zero if none was.
	CheckpointAt time.Time
}

// Query is one live query.
type Query struct {
	Key                 env.QueryKey
	Group, Mode, Policy string
	// Held is set while an operator keeps the query on its configured interval.
	Held bool
	// Rate is the recent arrival rate, Forecast the rates 1, 3 and 5 s ahead,
	// events/s.
	Rate     float64
	Forecast [3]float64
	// ForecasterDrops counts how often each member of the ensemble was left out.
	ForecasterDrops map[string]uint64
	// Outstanding is the backlog: events arrived and not committed.
	Outstanding float64
	// Configured is the job's own interval, Effective the one in use,
	// Commanded ours (0 when there is none).
	Configured, Effective, Commanded time.Duration
	// LastBatch is the duration of the last batch.
	LastBatch time.Duration
	// Triggers is the sum of EmptyTriggers and Batches.
	Triggers, EmptyTriggers, Batches uint64
	// Cost is the total of each component, WeightedCost the total of their
	// weighted sum (minus the reward).
	Cost         env.Components
	WeightedCost float64
	// Actions counts decisions by the action executed.
	Actions [env.NumActions]uint64
	// Overrides counts what the shield did, by its reasons.
	Overrides Overrides
	// Commands counts commands sent, Refused those that the run's agent did not
	// obey, whosever they were.
	Commands, Refused uint64
}

// Overrides counts the shield's verdicts; see policy.Verdict.
type Overrides struct{ Backlog, Stale, NaN, Overdue uint64 }

// Group is the learner of one group of queries. Loss, entropy and KL are those
// of the last update.
type Group struct {
	Name, Mode, Policy    string
	PolicyLoss, ValueLoss float64
	Entropy, KL           float64 // nats
	// Updates took effect, LateUpdates of them after being put off. A failed
	// update, or search for a threshold, changed nothing.
	Updates, LateUpdates          uint64
	FailedUpdates, FailedSearches uint64
}

// Lag is how many messages of a partition are not yet taken.
type Lag struct {
	Topic     string
	Partition int32
	Messages  int64
}

// Config tells of the configuration in force.
type Config struct {
	// Hash names the content in force.
	Hash string
	// ReloadOK is whether the last attempt to load succeeded; LoadedAt is when
	// the one in force was loaded.
	ReloadOK bool
	LoadedAt time.Time
}
