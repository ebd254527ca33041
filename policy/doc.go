// Package policy maps what is seen of a query to what is done to it.
//
// # Model
//
// A Policy gives each Action a probability. Rules (policy/rules) are policies;
// Network is the trained one: two separate multi-layer perceptrons over
// env.Features, an actor and a critic (the expected discounted return, in the
// learner's scaled units). They act by the plain-Go forward pass here;
// policy/train holds the same graph in gorgonia for gradients, and a test holds
// the two equal to 1e-12.
//
// The actor is added to a rule that is built in:
//
//	pi = softmax(Sharpness (actor + Prior)) over the actions that the mask allows
//
// Of the two Choices, to trigger now or to wait for another tick, the Prior of the
// one that triggers is ln(pressure / threshold), that of the other 0. The pressure
// (Pressure) is what waiting costs, in prices of a batch; the logarithm of the
// threshold is a Line in the features, of which prior.json holds two (Lines). An
// actor of 0 is that rule; the actor that ships is nearly 0.
//
// A Shield stands after every policy: it answers for what a policy must never
// do, whatever it has learned, and says in a Verdict what it overrode.
//
// An Artefact is a frozen policy in one file: weights, return scale, thresholds,
// provenance and a SHA-256 over all of it. Serving loads it and nothing else.
//
// # Units
//
// Inputs are env.Features, dimensionless. Weights are float64, stored flat in
// the order of Layout, little-endian in files.
//
// # Caveats
//
// A Network keeps scratch space: one goroutine at a time. Its file is refused,
// by name, when it was made for another feature list or another prior.json. Bits are the same on
// every run of one machine; architectures that fuse multiply and add may
// differ from others in the last bits.
package policy
