// Package policy maps what is seen of a query to what is done to it.
//
// # Model
//
// A Policy gives each Action a probability. Rules (policy/rules) are policies;
// Network is the trained one: two separate multi-layer perceptrons over
// env.Features, an actor (softmax over the actions that the mask allows) and a
// critic (the expected discounted return, in the learner's scaled units). They
// act by the plain-Go forward pass here; policy/train holds the same graph in
// gorgonia for gradients, and a test holds the two equal to 1e-12.
//
// A Shield stands after every policy: it answers for what a policy must never
// do, whatever it has learned, and says in a Verdict what it overrode.
//
// An Artefact is a frozen policy in one file: weights, return scale, ladder,
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
// by name, when it was made for another feature list. Bits are the same on
// every run of one machine; architectures that fuse multiply and add may
// differ from others in the last bits.
package policy
