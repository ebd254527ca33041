// Package envtest is the conformance suite of an env.Environment: what both the
// simulated and the live one have to hold.
//
// # Model
//
// A Harness is an environment of one query together with the Truth of it: when
// each event arrived, and when each trigger started, ended and what it
// committed. The suite drives the environment with seeded random actions and
// compares what its ticks say with what it works out from the Truth, event by
// event.
//
// An environment that is fed messages gets its Truth from an Engine, an
// independent micro-batch engine in virtual time: the harness turns each Event
// of it into what would have come over the wire, and gives the commands back.
//
// # Caveats
//
// Arrivals are seen by samples, so the integrals are held to 2 % over a run
// and not step by step. What is asked of a harness: end offsets sampled on each
// decision period; weights, a target and a grace that are set; at least three
// minutes, with idle stretches and without; commands in effect within 50 ms.
package envtest
