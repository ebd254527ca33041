// Package rules holds the control baselines as policies: what a user may name
// instead of the learned policy, and what the learned one has to beat.
//
// # Model
//
// A rule reads the Observation in its physical units and puts all probability
// on one action that the mask allows. It keeps nothing from one tick to the
// next.
//
// The ladder allows one step a tick, so a rule that wants to trigger "now"
// keeps the deadline just ahead of the next tick while it waits: one step back
// is then a trigger at once.
//
// # Caveats
//
// On a blind source (Sighted is 0) the rules act on the extrapolated
// outstanding, which is as good as the steadiness of the load.
package rules
