// Package tournament plays the policy and its rivals on the same queries and
// judges them.
//
// # Model
//
// A cell is an arrival source (a workload or a trace), a kind of query and a
// weighting of the cost. Each cell is played over several seeds; a seed of a
// trace is a window of it, cut at a seeded offset, and a Poisson draw. All
// rivals of a cell and a seed meet the same arrivals and the same noise of the
// batches, and have the same tick, ladder, forecaster and reference rate. The
// reference rate is that of the trace before the window, or of another draw of
// the workload: never of what is to come.
//
// Rules act outright: any interval between the ladder's ends, at any tick, no
// shield. Those named ".../steps", and the policy, move one step of the ladder
// a tick. The policy is the frozen artefact, served by the same loop as live
// queries are: argmax, shield, overrides counted.
//
// The cost is the exact one, event by event (sim.Score). What is left in the
// queue at the end is charged as if batches worked it off back to back.
//
// # Statistics
//
// Costs are kept in blocks of BlockSeconds. An interval is a percentile
// bootstrap over those blocks; blocks that lie at the same place of a trace
// are one unit, whatever the seed, because Poisson draws of one trace are not
// independent traces. Queries that share a driver have a window each, and their
// blocks the place of the first one's. Rivals are compared on the same
// resamples. Ratios over many cells are geometric means.
//
// # Units
//
// Costs in the weighting's unit a second and query; times in seconds.
//
// # Caveats
//
// A quantile of the latency is the mean of the seeds' and queries' own, weighted
// by their events. "In hindsight" means chosen on the very cell that it is
// judged on. The clairvoyant's cost is that of its plan, which knows no noise of
// the batches and no empty triggers; its latencies and triggers are those of the
// plan executed.
package tournament
