// Package bench holds the measurements of Rubato's speed and size, and their
// results in README.md.
//
// The Go benchmarks of this package measure the tuner's own way from a message
// to a decision: in-process, without a broker. The programs beneath measure
// whole processes: wire (metric sent to interval applied, on a real JVM),
// memory (resident memory of the daemon) and start (from exec to ready). The
// packages stage and pretend are what they share: the files that a tuner is
// started on, and drivers that exist only on the wire.
//
// Nothing here is a test: no figure fails a build.
package bench
