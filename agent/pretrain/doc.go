// Package pretrain makes the policy that ships with the binary, in the
// simulator.
//
// # Model
//
// It starts at the waiting-cost rule (policy.Prior with an actor of nearly 0)
// and improves it in rounds. A round plays random drivers (sim.RandomDriver) of
// every kind with the policy's argmax, its threshold jittered anew for each
// trigger so that states on both sides of it are met. At some of the choices
// near the threshold the simulation is copied twice: one copy triggers now, the
// other waits for the next tick, and the policy goes on in both, on the same
// arrivals and the same noise, until the query has gone through two more whole
// cycles and every other query of the driver has come to the end of a trigger.
// The difference of what both cost, less the mean cost rate times the time by
// which one ends later, is the advantage of triggering: a sample of the
// differential return, without a critic and without bias from one. This is the
// "vine" of Schulman et al. (2015, section 5.2).
//
// The policy gradient of those advantages, each as a share of all that its
// driver costs, is followed by Adam for some epochs. Each round is judged by
// its argmax on held-out drivers; the best round is what is kept. Last the
// critic is fitted, for live learning (agent.FitCritic).
//
// # Units
//
// Advantages are dimensionless: shares of a driver's whole cost.
//
// # Caveats
//
// A comparison that does not come to whole cycles within 400 s is dropped. The
// real traces are never read here.
package pretrain
