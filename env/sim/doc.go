// Package sim simulates one micro-batch query in virtual time.
//
// # Model
//
// A trigger starts an interval after the one before it started, or as soon as
// that one ended, whichever is later. It takes all that has arrived (at most
// the cap) and ends overhead + perRow x events later, times log-normal noise
// of mean 1; what it took is committed then. With nothing to take it is empty;
// with less than the floor it is held, and takes nothing. A new interval
// arrives a round trip after it was commanded and holds at once, inside the
// wait too. The query ticks at the end of each trigger and, inside waits, on
// each multiple of the decision period; end offsets are sampled on those
// multiples, inside batches too. All of this is what the agent in the driver
// does.
//
// Observations and costs of the ticks come from an env.Tracker, as in a live
// environment. Score is the exact cost, from each event's own arrival.
//
// # Units
//
// Virtual time starts at 0. Rates are events/s; durations in a Config are
// time.Duration, perRow is s per event.
//
// # Caveats
//
// Above 100 events in a second, they come in 100 clumps. The first trigger is
// at 0, and batches do not warm up. The reference rate comes from another
// draw of the same load, a Past before the start, never from what is to come.
// Arrivals depend on the seed alone, not on what is commanded, so policies can
// be compared on the same ones.
package sim
