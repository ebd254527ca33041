// Package sim simulates the micro-batch queries of one Spark driver in virtual
// time, and makes the loads that they meet.
//
// # Model
//
// A trigger starts an interval after the one before it started, or as soon as
// that one ended, whichever is later. It takes all that has arrived (at most
// the cap); what it took is committed at its end. With nothing to take it is
// empty; with less than the floor it is held, and takes nothing, but for one 15
// minutes after the last that was not (maxTriggerDelay, as Spark's Kafka source
// has it by default). A new interval arrives a round trip after it was commanded
// and holds at once, inside the wait too. The query ticks at the end of each trigger and, inside waits, on
// each multiple of the decision period and at the end of another's trigger where it
// has waited longest of all; end offsets are sampled on those multiples, inside
// batches too. All of this is what the agent in the driver does.
//
// The k-th batch, of n events, begun t hours into the run, takes by itself
//
//	(overhead x (1 + growth t) + perRow n) x noise x straggler x (1 + warmup/k) + snapshot
//
// with log-normal noise of mean 1; stragglers are rare and several times as
// long, snapshots come each so many batches. Batches of one driver slow each
// other down once there are more than its cores (see Driver: processor
// sharing, so that the work done is conserved), and pauses stop them all.
//
// Observations and costs of the ticks come from an env.Tracker, as in a live
// environment. Score is the exact cost, from each event's own arrival, and
// Latency the distribution of delays. Both charge the queue that is left at
// the end with what serving it back to back would take.
//
// # Common random numbers
//
// Arrivals and pauses are drawn from the seed alone, before the run. Noise and
// stragglers are a hash of the seed and of the second in which a trigger
// starts. So two policies on one seed meet the same world, whatever they
// command; batches of one second have the same noise. Copies share what was
// drawn (see Sim.CopyFrom), so that a future can be tried out: what the copy
// lives through is what would come.
//
// # Loads
//
// A Load gives the mean rate of each second. Up to 50 events/s every event has
// its own moment; above, each tenth of a second has a Poisson count that falls
// on up to five moments. Workloads are named generators of loads; adding one
// is a function and a line in workloads.go. RandomDriver draws what policies
// are trained on. Recorded arrivals are read by the package traces, which what
// trains does not import; events that are known one by one are met as they were
// (Config.Arrivals).
//
// # Units
//
// Virtual time starts at 0. Rates are events/s; durations in a Config are
// time.Duration, all others s; perRow is s per event.
//
// # Caveats
//
// A query alone triggers first at 0; several spread their first triggers over
// their intervals, by their seeds. Empty triggers take 10 ms and do not count
// as batches in course for the speed, but are seen as running, as live ones
// are. The reference rate comes from another draw of the same load, a Past
// before the start, or is given: never from what is to come. The leftover
// queue is charged at mean durations, without contention and what is off the
// model.
package sim
