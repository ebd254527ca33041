// Package threshold adapts one number of a query while it runs: by how much the
// threshold of its policy is moved, in its logarithm.
//
// # Model
//
// A Record keeps how many events came in each of the last seconds, as far as the
// ticks tell. Improve plays these arrivals again in a simulator whose batches
// last as long as the query's own fit says, under the policy as it stands and
// with its threshold moved a little either way. All candidates meet the same
// arrivals and the same noise (common random numbers), so that the difference of
// their costs, minute by minute, is known far better than any cost. A candidate
// is taken where it is cheaper than what stands by more than three standard
// errors of that difference, which allow for queues that last for minutes; then,
// and later, the search goes on from there. It is a hill climb on a model that is
// learnt as it goes: one parameter, no exploration on the live query, and nothing
// moves where nothing is sure.
//
// # Units
//
// Shifts are in the logarithm of the threshold, above 0 for more patience.
//
// # Caveats
//
// What the model does not know it cannot price: other queries of the driver,
// stragglers, pauses. Rates within a batch are known only at its end. The
// arrivals to come are taken to be like those of the last quarter of an hour.
package threshold
