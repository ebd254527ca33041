// Package rules holds the control baselines: what a user may name instead of
// the learned policy (Lookup), and everything that it has to beat (Rivals).
//
// # Model
//
// A policy.Policy here reads the Observation in its physical units and puts all
// probability on one action that the mask allows. It keeps nothing from one
// tick to the next.
//
// A Rival is freer: it may remember, and names an interval outright. Each rule
// stands in the tournament twice. Acting outright, its interval is commanded as
// it is (Outright). Held to steps (Entry.Steps, a name that ends in /steps), it
// moves one rung a tick, with the same values: StepTowards does that for every
// rule alike. The ladder allows one step a tick, so a rule that wants to trigger
// "now" keeps the deadline just ahead of the next tick while it waits: one step
// back is then a trigger at once.
//
// Parameters were tuned on the training workloads of env/sim alone, with the
// same budget for each rule: parameters.json, by `make tune-rules`. Rules as
// published (a name with -published, the fixed grid, waiting-cost-0.6) have
// none.
//
// # Units
//
// Intervals are s, counted from the trigger's start. Prices and rates are those
// of the Observation. Where a published rule counts events (200 rows, 1000
// events), its tuned form counts seconds of the query's mean load instead, so
// that one value can serve queries of all rates.
//
// # Caveats
//
// On a blind source (Sighted is 0) the rules act on the extrapolated
// outstanding, which is as good as the steadiness of the load: once the
// smoothed rate has gone to nothing, nothing would be waited for. They expect a
// least rate there instead: WaitingCost 0.15 of the reference rate, the rivals
// that wait for data a tuned share. An Observation
// does not say how many rows a batch had: rules that ask take what was
// outstanding at the tick before it, plus the 2 s rate since. Spark's PID
// estimator moves the interval here, not the ingestion rate.
package rules
