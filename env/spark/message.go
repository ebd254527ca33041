package spark

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"rubato/env"
)

// MaxMessage is the size above which a message is refused unread, bytes.
const MaxMessage = 1 << 20

// Version is the version of the wire that this package speaks.
const Version = 1

// maxIntervalMs bounds every interval on the wire: ten years. What is longer
// is damage, and would overflow nanoseconds.
const maxIntervalMs = 10 * 366 * 24 * 3600 * 1000

// maxMono bounds what a monotonic clock may read, either side of 0: 73 years.
// Sums with it cannot overflow.
const maxMono = 1 << 61

// ErrMessage is in every error that Decode returns.
var ErrMessage = errors.New("metrics message")

// Type says what a metrics message is.
type Type string

// The types of metrics messages.
const (
	Started    Type = "started"
	Trigger    Type = "trigger"
	Progressed Type = "progress"
	Heartbeat  Type = "heartbeat"
	Terminated Type = "terminated"
)

// Where a query is in its turn, at which end of it a Trigger message was sent,
// and what the turn came to.
const (
	PhaseWaiting = "waiting"
	PhaseBatch   = "batch"

	EdgeStart = "start"
	EdgeEnd   = "end"

	OutcomeEmpty   = "empty"
	OutcomeBatch   = "batch"
	OutcomeUnknown = "unknown"
)

// Message is one message of rubato.metrics. The fields after Applied belong to
// one type each and are zero in the others. Times ending in Ms are wall clock
// of the driver's machine, those ending in Ns its monotonic clock: neither is
// comparable with another machine's. MonoNs is the moment that the message
// tells of, SentMonoNs that of its sending (null: the same).
type Message struct {
	V                  int       `json:"v"`
	Type               Type      `json:"type"`
	Seq                uint64    `json:"seq"`
	Run                env.RunID `json:"runId"`
	WallMs             int64     `json:"wallMs"`
	MonoNs             int64     `json:"monoNs"`
	SentMonoNs         *int64    `json:"sentMonoNs,omitempty"`
	Counters           Counters  `json:"counters"`
	Phase              string    `json:"phase"`
	TriggerStartMs     *int64    `json:"triggerStartMs"`
	TriggerStartMonoNs *int64    `json:"triggerStartMonoNs"`
	IntervalMs         int64     `json:"intervalMs"`
	ConfiguredMs       int64     `json:"configuredMs"`
	Managed            bool      `json:"managed"`
	Conflict           bool      `json:"conflict"`
	Applied            *Applied  `json:"applied"`

	// Started.
	AppID        string          `json:"appId,omitempty"`
	AppName      string          `json:"appName,omitempty"`
	QueryID      string          `json:"queryId,omitempty"`
	Name         string          `json:"name,omitempty"`
	SparkVersion string          `json:"sparkVersion,omitempty"`
	AgentVersion string          `json:"agentVersion,omitempty"`
	TriggerType  string          `json:"triggerType,omitempty"`
	Manageable   bool            `json:"manageable,omitempty"`
	HooksActive  bool            `json:"hooksActive,omitempty"`
	Hooks        map[string]bool `json:"hooks,omitempty"`
	Sources      []Source        `json:"sources,omitempty"`

	// Trigger.
	Edge           string `json:"edge,omitempty"`
	Outcome        string `json:"outcome,omitempty"`
	BatchID        *int64 `json:"batchId,omitempty"`
	BatchEndMonoNs *int64 `json:"batchEndMonoNs,omitempty"`

	// Progressed: Spark's progress JSON, verbatim. See DecodeProgress.
	Progress json.RawMessage `json:"progress,omitempty"`

	// Heartbeat.
	Stats *Stats `json:"stats,omitempty"`

	// Terminated.
	Exception *string `json:"exception,omitempty"`
}

// Counters are cumulative over a run, so a lost message loses no count.
type Counters struct {
	Triggers      uint64 `json:"triggers"`
	EmptyTriggers uint64 `json:"emptyTriggers"`
	Batches       uint64 `json:"batches"`
	Drops         uint64 `json:"drops"`
}

// Applied is the last command that the agent put into force.
type Applied struct {
	Epoch       uint64 `json:"epoch"`
	Seq         uint64 `json:"seq"`
	IntervalMs  int64  `json:"intervalMs"`
	LeaseLeftMs int64  `json:"leaseLeftMs"`
}

// Source is one source of a query and those of its options that Rubato reads.
type Source struct {
	Name    string        `json:"name"`
	Options SourceOptions `json:"options"`
}

// SourceOptions are a source's options, as the job wrote them: strings.
type SourceOptions struct {
	Subscribe            string `json:"subscribe,omitempty"`
	SubscribePattern     string `json:"subscribePattern,omitempty"`
	Assign               string `json:"assign,omitempty"`
	Brokers              string `json:"kafka.bootstrap.servers,omitempty"`
	MaxOffsetsPerTrigger string `json:"maxOffsetsPerTrigger,omitempty"`
	MinOffsetsPerTrigger string `json:"minOffsetsPerTrigger,omitempty"`
}

// Stats are the agent's own counts, cumulative over a run for as long as the agent
// stays in its driver.
type Stats struct {
	HookFirings  map[string]uint64 `json:"hookFirings,omitempty"`
	AdviceErrors uint64            `json:"adviceErrors"`
	Applied      uint64            `json:"applied"`
	Refused      uint64            `json:"refused"`
	RefusedBy    map[string]uint64 `json:"refusedBy,omitempty"`
	Clamped      uint64            `json:"clamped"`
	Expired      uint64            `json:"expired"`
	RoundTrip    Histogram         `json:"roundTrip"`
}

// Histogram counts durations in geometric buckets: bucket i holds those from
// Base^i to Base^(i+1) microseconds.
type Histogram struct {
	Count   uint64         `json:"count"`
	Base    float64        `json:"base"`
	Buckets map[int]uint64 `json:"buckets,omitempty"`
}

// Decode reads one metrics message. Unknown fields are ignored; a message
// that is too large, not JSON, of another version, of an unknown type, or
// wrong in a field that Rubato steers by is refused with an error that says
// what is wrong. The progress within is checked to be JSON and no more.
func Decode(b []byte) (*Message, error) {
	if len(b) > MaxMessage {
		return nil, fmt.Errorf("%w of %d bytes: the limit is %d", ErrMessage, len(b), MaxMessage)
	}
	m := new(Message)
	if err := json.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("%w of %d bytes: %w", ErrMessage, len(b), err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%w %q, seq %d: %w", ErrMessage, m.Type, m.Seq, err)
	}
	return m, nil
}

// check tells what is wrong with a message whose JSON is right.
func (m *Message) check() error {
	switch {
	case m.V != Version:
		return fmt.Errorf("version %d: this tuner speaks %d", m.V, Version)
	case m.Run == "":
		return errors.New("no runId")
	case len(m.Run) > 256:
		return fmt.Errorf("runId of %d bytes", len(m.Run))
	case m.Seq == 0:
		return errors.New("no seq")
	case m.Phase != PhaseWaiting && m.Phase != PhaseBatch:
		return fmt.Errorf("phase %q: want %s or %s", m.Phase, PhaseWaiting, PhaseBatch)
	case m.IntervalMs < 0 || m.IntervalMs > maxIntervalMs:
		return fmt.Errorf("intervalMs %d out of range", m.IntervalMs)
	case m.ConfiguredMs < 0 || m.ConfiguredMs > maxIntervalMs:
		return fmt.Errorf("configuredMs %d out of range", m.ConfiguredMs)
	}
	for _, mono := range []*int64{&m.MonoNs, m.SentMonoNs, m.TriggerStartMonoNs, m.BatchEndMonoNs} {
		if mono != nil && (*mono > maxMono || *mono < -maxMono) {
			return fmt.Errorf("monotonic clock at %d ns out of range", *mono)
		}
	}
	switch m.Type {
	case Trigger:
		return m.checkTrigger()
	case Progressed:
		if len(m.Progress) == 0 || m.Progress[0] != '{' {
			return errors.New("progress is not an object")
		}
	case Heartbeat:
		return m.Stats.check()
	case Started, Terminated:
	default:
		return errors.New("unknown type")
	}
	return nil
}

func (m *Message) checkTrigger() error {
	switch {
	case m.Edge != EdgeStart && m.Edge != EdgeEnd:
		return fmt.Errorf("edge %q: want %s or %s", m.Edge, EdgeStart, EdgeEnd)
	case m.Edge == EdgeStart:
		return nil
	case m.Outcome != OutcomeEmpty && m.Outcome != OutcomeBatch && m.Outcome != OutcomeUnknown:
		return fmt.Errorf("outcome %q: want %s, %s or %s", m.Outcome, OutcomeEmpty, OutcomeBatch, OutcomeUnknown)
	}
	return nil
}

func (s *Stats) check() error {
	if s == nil || len(s.RoundTrip.Buckets) == 0 {
		return nil
	}
	if b := s.RoundTrip.Base; b <= 1 || b > 1e3 {
		return fmt.Errorf("roundTrip base %v: want above 1, up to 1000", b)
	}
	return nil
}

// Quantile estimates the q-quantile in milliseconds, to half a bucket's
// width; false where nothing was counted.
func (h Histogram) Quantile(q float64) (float64, bool) {
	var total uint64
	for _, n := range h.Buckets {
		total += n
	}
	if total == 0 || h.Base <= 1 {
		return 0, false
	}
	rank, seen := uint64(math.Ceil(q*float64(total))), uint64(0)
	for _, i := range sortedKeys(h.Buckets) {
		if seen += h.Buckets[i]; seen >= max(rank, 1) {
			ms := math.Pow(h.Base, float64(i)+0.5) / 1e3
			return ms, !math.IsInf(ms, 0)
		}
	}
	return 0, false
}
