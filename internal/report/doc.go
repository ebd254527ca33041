// Package report works out the demo's figures: how long events waited, and
// what was spent on it, before and after tuning.
//
// # Model
//
// Exact, not sampled: each event's produce time is known by partition and
// offset, and each batch's range of offsets and end. An event's latency is the
// end of the batch that took it minus its produce time. A half is measured in
// a window [From, To): its events are those produced in the window, whenever
// their batch ends; its triggers are those that ended in it. The weighted cost
// is that of env.Components:
//
//	latency weight x (sum of latencies / mean rate) / seconds
//	+ batch weight x batches / seconds + empty weight x empty triggers / seconds
//
// where the mean rate is the half's own, so that by Little's law the first term
// is the weight times the mean latency in seconds.
//
// # Units
//
// Latencies are ms in the output and in everything named Ms; the cost rate is
// cost per second.
//
// # Caveats
//
// Produce times are whole ms (Kafka's timestamps), so a latency is up to 1 ms
// too long. An event whose batch was not reported counts with the next batch
// known, which overstates its latency; such events are counted as Inferred. One
// that no batch took is in no figure and is counted as Untaken: wait for the
// drain before measuring. Both halves are one sample each, on one machine.
package report
