// Package calibrate fits the simulator's model of a batch's time to what real
// queries did, and judges the fit on batches that it has not seen.
//
// # Model
//
// Batch k of a run (from 1), which takes n rows at t hours, lasts
//
//	(a (1 + g t) + b n) (1 + w/k) noise + s   [the last where k is a snapshot's]
//
// on a driver that it has to itself. The noise is log-normal, and with a small
// probability a straggler's factor instead. Where k batches of one driver are
// in course each runs at the speed 1/(1 + c max(k - cores, 0)/cores).
//
// The regression is of the median, with relative errors (least absolute
// deviations, iteratively reweighted: Schlossmacher 1973), so that a batch
// that was many times too slow weighs as one that was a little too slow. The
// first hundred batches of a run tell its warm-up and nothing else. Warm-up,
// growth and contention are found by search around the regression. A period of
// slow batches is believed where the rank sum of its batches is five standard
// deviations off (Wilcoxon 1945); growth only of runs of twenty minutes or more
// whose residuals rise (Spearman 1904).
//
// The judgement is one step ahead: fitted to the first half of a run's
// batches past the warm-up, what does it say of each of the second half? The batch's rows
// and what the driver's other queries did are taken as recorded; its duration,
// and its start where no command came in between, are the model's.
//
// # Units
//
// Seconds on the driver's monotonic clock, rows, seconds a row. Model holds
// what the simulator wants: its noise has mean 1, so Overhead and PerRow are
// means, exp(noise^2/2) times the fitted medians.
//
// # Caveats
//
// A query whose batches are all of about one size does not tell its overhead
// from its time per row: vary the interval or the load. Batches without rows
// (a state's clean-up) are counted and not fitted: the simulator has none. One
// batch's duration is from its trigger's start to its commit. Latency is that
// of the rows' arrival at the broker to the commit, where end offsets were
// sampled; else rows are taken to arrive evenly between two triggers.
package calibrate
