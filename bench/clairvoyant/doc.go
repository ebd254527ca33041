// Package clairvoyant finds what a query would cost if its future were known:
// the limit of every rule and policy of the tournament.
//
// # Model
//
// Batches begin on a grid of times. One at t, where all that came up to p was
// taken before, takes what arrived in (p, t] (or up to the moment at which that
// is full, the cap) and ends at e = t + overhead + perRow x n; the next may
// begin then. With cost(p,t) the price of that batch and of its events' delays,
// the least cost from there on is
//
//	V(p,t) = cost(p,t) + min over t' >= e of V(p',t'), p' where it took up to,
//
// solved backwards, with the minima over all later t' kept for each p': one
// evaluation for each pair. Times after p are looked at each grid step up to
// 64, and from there on at steps 5 % apart, V interpolated between. A stretch in which
// nothing arrives costs no trigger. At the end what is outstanding is charged
// until it would have been served, as sim.Score charges it (Query.Drain).
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
// them. The end of a batch counts to the nearest grid step, a batch is full to
// the nearest, and far ahead V is interpolated: where overloaded batches follow
// each other at once, small errors grow with each, and the limit is good to
// about 1 %, elsewhere to 0.5 %. Compare with Plan.Cost: the simulator can make
// up to 2 % more of the same overloaded plan, as the rounding adds up. A wait or
// a backlog of more than five minutes is cut to that.
package clairvoyant
