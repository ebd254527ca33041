// Package bench holds the measurements of Rubato's speed and size, and their
// results in README.md.
//
// The Go benchmarks of this package measure the tuner's own way from a message
// to a decision: in-process, without a broker. Beneath are
//
//   - tournament: every rival and the policy on the same simulated arrivals, with
//     clairvoyant, the least cost that the arrivals allow, and traces, the recordings;
//   - spark: rivals on a real Spark, with broker, a real Kafka;
//   - calibration: the simulator beside recordings of a real Spark;
//   - tuning: what searches the rules' parameters, and other learners;
//   - wire (metric sent to interval applied, on a real JVM), memory (resident memory
//     of the daemon), start (from exec to ready) and plane, with stage and
//     pretend: the files that a tuner is started on, and drivers that exist only
//     on the wire.
package bench
