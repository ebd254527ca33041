// Package traces reads recorded arrivals, so that the simulator can be driven
// by them.
//
// # Model
//
// A trace is a CSV file with the header second,events and a row for each second
// without exception: the whole number of events that were counted in it. Load
// scales the counts and takes each as the mean of a Poisson count of its
// second; within the second events fall evenly. At the end a trace begins anew.
//
// # Units
//
// Seconds, and events/s.
//
// # Caveats
//
// This is a package of its own so that its imports show who can read recorded
// traces: what trains or tunes may not, and a test holds it to that. A trace
// repeats itself, so its mean rate before a run is not to be drawn from it: give
// sim.Config.Reference the Mean of the seconds before the run.
package traces
