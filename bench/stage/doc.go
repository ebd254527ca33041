// Package stage sets out what a tuner is started on for a measurement: a
// folder, a configuration, a policy, and the daemon's own process.
package stage
