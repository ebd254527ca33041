package spark

import (
	"encoding/json"
	"fmt"

	"rubato/env"
)

// ActionRelease gives the query back its configured interval at once.
const ActionRelease = "release"

// Decision is one message of rubato.decisions.
type Decision struct {
	V     int       `json:"v"`
	Epoch uint64    `json:"epoch"`
	Seq   uint64    `json:"seq"`
	Run   env.RunID `json:"runId"`
	// IntervalMs is the interval commanded, ms.
	IntervalMs int64 `json:"intervalMs"`
	// Action is an env.Action's name, or ActionRelease.
	Action string `json:"action"`
	// LeaseMs is how long the command holds from its receipt, ms; 0 releases.
	LeaseMs int64 `json:"leaseMs"`
	// CauseSeq is the metrics message that caused it; null for a tick inside a
	// wait and for a renewal.
	CauseSeq *uint64 `json:"causeSeq"`
	Policy   string  `json:"policy"`
	Mode     string  `json:"mode"`
}

// Stamp says who decided: the policy's id, and the mode it acts in.
type Stamp struct {
	Policy, Mode string
}

// Command is a decision and the query that it is for.
type Command struct {
	Query    env.QueryKey
	Decision Decision
}

// Encode returns the message's value.
func (d Decision) Encode() ([]byte, error) {
	b, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode decision %d: %w", d.Seq, err)
	}
	return b, nil
}
