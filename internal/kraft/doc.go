// Package kraft runs a real Apache Kafka broker, in KRaft combined mode, in a
// JVM of its own: for tests, benchmarks and trying things out.
//
// # Model
//
// The broker's jars come from Maven: `make bin/kafka.classpath` resolves them
// and writes their class path. Start formats the broker's folder unless it
// holds a log already, starts kafka.Kafka and waits until every listener takes
// connections; Close ends it as an operator would, with SIGTERM. A broker
// started again on the same folder and ports has its topics and users still.
//
// Every listener is on 127.0.0.1, and so is the controller's. The SASL
// listeners know the users of Options for PLAIN, SCRAM-SHA-256 and
// SCRAM-SHA-512 alike.
//
// # Caveats
//
// Free ports are looked for and then let go, so that another process could take
// one before the broker does. On Linux the broker dies with its starter; on
// other systems a starter that is killed leaves it running. Passwords of users
// stand on the command line of the process that formats the folder, and in the
// broker's folder: use none that matter.
package kraft
