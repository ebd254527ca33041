// Package pretrain makes the policy that ships with the binary, in the
// simulator.
//
// # Model
//
// First the line of policy.Prior is searched (Search): a rule that triggers where
// what waiting costs (policy.Pressure) passes a threshold, the exponential of a
// line in some thirty features. An evolution strategy (CMA-ES) moves its numbers
// block by block, each on the kinds of random drivers (sim.RandomDriver) that it
// matters for, by the mean logarithm of the cost over the waiting-cost rule's on
// the same arrivals and noise. Drivers on which a hair's difference in that
// rule's threshold decides nearly all are left out, and one driver's say is
// squashed. What a generation found is its mean, not its luckiest candidate. It
// begins at start.json, what earlier searches came to (bench/policy.md). The
// policy that ships stops here: it is made with Config.Rounds 0 (`make
// pretrain`), since a network on top gained nothing.
//
// Otherwise a network on top of that line (policy.Prior with an actor of nearly 0) is
// improved in rounds. A round plays random drivers (sim.RandomDriver) of
// every kind with the policy's argmax, its threshold jittered anew for each
// trigger so that states on both sides of it are met. At some of the choices
// the simulation is copied twice: one copy triggers now, the other waits for the
// next tick, and the policy goes on in both, on the same arrivals and the same
// noise, until the effect is over: until each query of the driver has, in both
// copies and at nearly the same time, the end of a trigger that was waited for,
// with no queue left that could carry the effect on. The difference of what both
// cost, less the mean cost rate times the time by which one ends later, is the
// advantage of triggering: a sample of the differential return, without a critic
// and without its bias. This is the "vine" of Schulman et al. (2015, section
// 5.2).
//
// The policy gradient of those advantages, each as a share of all that its
// driver costs, is followed by Adam for two epochs of a round's samples. What is
// judged, and kept of the best round, is the argmax of the mean of the iterates,
// on held-out drivers. Last the critic is fitted, for live learning
// (agent.FitCritic).
//
// # Units
//
// Advantages are dimensionless: shares of a driver's whole cost.
//
// # Caveats
//
// A comparison whose effect is not over when the simulation ends takes what
// both cost by then, the queues' certain cost included. Advantages are clipped
// at eight times their mean size: near overload a single one can be a driver's
// whole cost. The real traces are never read here.
package pretrain
