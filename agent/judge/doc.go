// Package judge tells what a policy would cost the queries of a journal, beside
// the policy that ships and beside the intervals that the jobs are configured
// with: whether to give control to the one, and whether to serve the other.
//
// # Model
//
// A Query is what a journal tells of one: how many events came in each second
// of a run, in windows of a quarter of an hour (of twenty configured intervals,
// where those are longer), and how long its batches took, as fitted at the
// window's end. A window ends where the record has a gap. Run plays each window
// in a simulator of that query (see threshold.Model), once for each Contestant,
// all on the same arrivals and noise (common random numbers). A policy plays as
// serve mode does, shield and thresholds of single queries included.
//
// What is compared is the weighted cost of one contestant with that of another
// on the same arrivals, minute by minute: the difference is known far better than
// any cost. The standard error of the costs' ratio, over the minutes of all
// windows, allows for queues that last for minutes (Newey and West 1987); queries
// are taken to be independent. Surely means outside the 95 % interval by Student's
// t, whose degrees of freedom are the minutes by sixes; that one query of many is
// surely worse off, by an interval so wide that all are in theirs at once.
//
// A learnt policy is judged on what was recorded after it was frozen alone: it
// has seen all before that.
//
// # Units
//
// Seconds, events, weighted cost a second.
//
// # Caveats
//
// It is as good as its simulator, which knows one query: neither stragglers nor
// pauses, nor what batches that were never tried would take. Where end offsets
// are not seen the arrivals are known at each batch's end alone, and spread
// evenly over the time from the one before. A window begins without a queue and
// with a forecaster that has seen nothing, for all contestants alike. Time in
// which a query shared its driver is left out: there others decide what its
// batches take.
package judge
