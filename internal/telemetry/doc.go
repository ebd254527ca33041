// Package telemetry shows what the tuner does as Prometheus metrics.
//
// # Model
//
// The tuner hands over a Snapshot about once a second: plain numbers, with
// totals. A scrape shows the last one, so a query or a
// group that is no longer in it is gone from the metrics at once, and nothing
// is counted in the loop that decides. Only the time from tick to decision is
// observed as it happens, into a histogram. Everything is in a registry of our
// own; its names begin with rubato_, beside those of the Go runtime and of the
// process.
//
// # Units
//
// Seconds, events, bytes and nats, as the metric's name and help say. Cost
// components are in the units of env.Components and not yet weighted.
//
// # Caveats
//
// Totals begin at 0 with each process, as Prometheus expects of counters; those of
// groups, of forecasters, and of lost messages and refused fields are part of the
// saved state, and go on from where it was. A label value that is not UTF-8 is shown with its bad bytes replaced.
package telemetry
