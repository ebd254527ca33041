// Package clairvoyant finds what a query would cost if its future were known:
// the limit of every rule and policy of the tournament.
//
// # Model
//
// Triggers begin on a grid of times. One at t after one at p takes what arrived
// in (p, t] and ends at e(p,t) = t + overhead + perRow x n; the next may begin
// at e(p,t) or later. With cost(p,t) the price of that batch and of its events'
// delays, the least cost from there on is
//
//	V(p,t) = cost(p,t) + min over t' >= e(p,t) of V(t,t'),
//
// solved backwards with the minima over all later t' kept for each t: one
// evaluation for each pair. What follows a trigger is looked for at each grid
// step up to 32, and from there on at steps 3 % apart. A stretch in which
// nothing arrives costs no trigger. At the end what is outstanding is charged
// as sim.Score charges it, or until it would have been served (Query.Drain); a
// batch that would end later is not run.
//
// The cost is that of sim.Score: latency and misses event by event, batches at
// their price (Settings.BatchPrice), backlog by the true overhead and time per
// row.
//
// # Units
//
// Times are s from the start, rates events/s.
//
// # Caveats
//
// The batch has no noise, no warm-up, no snapshots, no round trip, and the
// driver no other queries: where a query has those, this is its limit without
// them. Triggers on the grid cost up to a step of delay a batch: about 1 % at
// the default step. A batch above the cap counts as that many full batches back
// to back, its events served at their mean end. A batch that outlasts the
// longest step ahead (five minutes and more) is followed too early, which makes
// the limit too low, never too high.
package clairvoyant
