// Package env is the vocabulary of Rubato: what a streaming query shows
// (Observation), what can be done to it (Action, on a Ladder of intervals),
// what that costs (Components and Weights), and when one may decide (Tick).
//
// # Model
//
// A query triggers, runs a batch or finds nothing, and waits for its next
// trigger. A policy is asked at every tick: at each trigger's end, and inside
// a wait each decision period, and where a trigger of another query of its driver
// ends and it is the one that has waited longest. Ticks are not evenly spaced, so
// the process is semi-Markov: every cost is an integral over the time that really
// passed (Sutton, Precup and Singh 1999, for the discounting).
//
// Two environments produce ticks: env/spark from live queries and env/sim in
// virtual time. Both are held to env/envtest, and both drive a Tracker for each
// run, which joins the estimators here: Curve (arrivals), Meter (cost), Rates
// and BatchFit. Features makes an Observation dimensionless for a network.
//
// What the queries of one Spark driver do to one another a Driver follows:
// batches that run at the same time share its cores. One that begins beside
// another then ends no sooner than if it had waited for the other's end, and makes
// that late, so that it pays to take turns: an Observation says what is in course,
// what that costs, and who has waited longer.
//
// Where end offsets are not seen, nothing but a trigger tells that a load that has
// ceased is back. Resumptions follows how often it came back: with that hazard h a
// second, a reference rate m, and t seconds since the last trigger, h m t^2/2 events
// are taken to wait that nobody knows of, and to have waited h m t^3/6 event-seconds.
// So an idle query is asked the less often the longer it is idle, some (c/h)^(1/3)
// apart for a price of a batch c.
//
// An action moves one rung, and the rung's interval is commanded. Where the wait
// in course has outlasted it, the trigger is due at once whatever shorter
// interval is commanded, but the next one may not be: with a batch longer than
// the interval it would begin at that batch's very end, before anyone could say
// otherwise. So then what the wait has lasted is commanded (Tracker.Command).
//
// # Units
//
// Times of day are Time, nanoseconds on the tuner's clock. Physical quantities
// in an Observation are float64 seconds, events, and events a second. Features
// are dimensionless.
//
// # Caveats
//
// An Observation holds estimates where the source does not tell (Sighted is 0
// for files and rate sources, and where samples stopped 5 s ago). A cost that
// was estimated and turns out otherwise is corrected in the step in which that
// is known. Until the reference rate is known, delays cost nothing. Nothing here
// reads a clock, draws a random number, or starts a goroutine.
package env
