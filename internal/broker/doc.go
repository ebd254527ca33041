// Package broker is the Kafka broker that Rubato starts in its own process
// where no other is configured: for the demo, for trying the tuner out, and
// for tests. The tuner, the agent, Spark's Kafka source and any other client
// speak to it as to a real one.
//
// # Model
//
// One node on the loopback interface, without authentication. It says that it
// is a Kafka 3.5: Java clients up to 3.x cannot parse the feature levels of
// newer ones. With a data folder, topics, messages and group offsets survive a
// restart, and a kill too: what was acknowledged has been handed to the
// operating system. Topics are made when a client first asks for them.
//
// # Units
//
// Sizes are bytes of a partition.
//
// # Caveats
//
// It is not for production: one copy, no flush to disk until it stops or rolls
// a segment (a power failure may cost the last messages), every request served
// by one goroutine. Each partition keeps its newest 64 MiB, in segments of 16,
// looked after once a minute; nothing is dropped for its age. One process at a
// time may own a data folder. The first offset kept is not recorded while
// running: after a kill a partition may again offer messages that retention
// had dropped already.
package broker
