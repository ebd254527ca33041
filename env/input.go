package env

// InputKind says what an Input is.
type InputKind uint8

// The inputs of a live tuner. Its decisions are a pure function of them, in
// the order they were taken, and of the checkpoint it started from.
const (
	// InputStart begins a tuner's process: Value is a StartValue in JSON. Nothing is
	// commanded until InputCaughtUp.
	InputStart InputKind = iota + 1
	// InputCaughtUp says that all messages missed meanwhile were taken.
	InputCaughtUp
	// InputConfig is a new configuration: Value is JSON, the effective YAML and the
	// policy files that it names.
	InputConfig
	// InputMessage is a message of the metrics topic, as it came.
	InputMessage
	// InputOffsets is a sample of end offsets: Value is JSON.
	InputOffsets
	// InputPeriod is one decision period gone by.
	InputPeriod
	// InputHold and InputRelease are an operator's, for the query Key.
	InputHold
	InputRelease
	// InputLate says that an update, or a search for a threshold, was put off
	// because it was not ready when due: Key is what agent.Loop.Late is asked by,
	// Value the step's index in decimal.
	InputLate
	// InputStop ends a process: every query is released.
	InputStop
)

// StartValue is the Value of an InputStart.
type StartValue struct {
	Epoch uint64 `json:"epoch"`
}

// Input is one thing that the tuner took in. Inputs are journalled in order.
type Input struct {
	At   Time
	Kind InputKind
	// Key is the message key, the query, or the group.
	Key string
	// Value is the raw content.
	Value []byte
	// Partition and Offset place an InputMessage in its topic.
	Partition int32
	Offset    int64
}
