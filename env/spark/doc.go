// Package spark is the environment of live queries: messages of the Java
// agent, samples of end offsets and the tuner's own ticks go in; decision
// epochs come out, and commands go back.
//
// # Model
//
// An Environment is a deterministic state machine. It reads no clock and
// starts no goroutine: the same inputs in the same order give the same ticks
// and the same commands, bit for bit, over any number of checkpoints. After
// each Take the caller drains Next, answers with Act, and sends what Outgoing
// returns.
//
// A query is known by its key, the message key; its runs by Spark's run id,
// each with its own env.Tracker, and its application an env.Driver. Where two
// runs of one key speak, neither is touched. A run ends with its terminated
// message, or when it was silent for three leases.
//
// A turn of Spark's loop is, on the wire: trigger start, progress (if one was
// posted), trigger end. What a lost message would have told is made up from
// the cumulative counters of the next one, and the steps around it teach
// nothing.
//
// # Time
//
// The clock of a driver is never compared with the tuner's. Each run's
// monotonic clock is mapped to the tuner's by the smallest (received - sent)
// seen, with a slow leak against drift: what is left of it is the fastest way
// through the broker, well below a millisecond on one machine. Wall clocks
// are kept for reports.
//
// # Arrivals
//
// Events are offsets of the query's Kafka partitions: arrived is the sum of
// the end offsets, committed that of the offsets that batches reached. Topics
// that are recreated or vanish make neither go back. Sources without offsets,
// and brokers that do not answer, leave arrivals to be estimated from
// progress, and the observation says so (Sighted 0).
//
// # Caveats
//
// Offsets are not rows on compacted and transactional topics. In append mode a
// batch's end is when rows were taken, not when they were emitted. With
// several Kafka sources in one query, minOffsetsPerTrigger and
// maxOffsetsPerTrigger are summed over them.
package spark
