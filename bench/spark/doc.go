// Package spark plays rivals on a real Spark driver: fixed intervals, rules and
// the shipped policy, one after the other, on the same arrivals.
//
// # Model
//
// A run is a fresh driver (local[2], a heap of 700 MB) with the agent and one of
// the Jobs, a broker in a process of its own that all runs share, topics that no
// other run has, and one rival. The load is drawn from a recording by a seed
// (Trace, Window): every rival meets the same events at the same moments. The
// driver runs batch after batch for four minutes, so that the JVM has compiled
// what it will; then the rival takes over. The LeadIn, at the window's mean
// rate, lets the tuner learn that rate; then the window is played and measured,
// and at the end all is waited for until batches have taken it.
//
// A rule sees what the tuner sees (metrics topic, end offsets five times a
// second, env/spark) and commands the interval that it names outright; a fixed
// interval is such a rule. The policy runs in the tuner as `rubato run` runs it,
// journal and stores included, frozen (serve mode) or learning.
//
// # What is measured
//
// Each event's latency is the end of the batch that took it minus its produce
// time, exact from the offsets; triggers are the agent's own counts. The cost is
// that of package env, over the window: weight x mean latency (by Little's law
// the integral of the outstanding over the mean rate), and each batch and empty
// trigger at its price. Processor time is the whole driver's, files and bytes
// are what the sink was given.
//
// Predictions come from env/sim with the batch times that package calibration
// fitted to other drivers, held to one core where the run was, of the window's
// very events, and are means over 20 draws of the batches' noise; a second one
// takes the mean batch time of the very runs, so that the machine's speed of the
// day falls away, and a third one, for each rival, that of the policy's runs, so
// that its speed of the hour does. The limit is that of package clairvoyant for
// the window's very events, at the policy's batch time.
//
// # Results
//
// One line a run is appended to the results file, and what is there already is
// not run again: a benchmark that was stopped goes on where it was. All rivals
// of a window are played before the next, in an order that is rotated from
// window to window and from repeat to repeat. Two benchmarks may append to one
// file at once: pairs.sh plays two rivals in the same minutes, each on a core of
// its own. Each seed cuts a window of each trace; in the means over traces each
// trace counts once. The stores of the tuner in each of its runs are kept beside
// the results file, for `rubato replay verify` and for whoever wants to know why
// it decided as it did.
//
// # Caveats
//
// Spark, broker, load and tuner share one machine: what else runs on it shows.
// Batches that end after the window are not counted, and those that took events
// from before it are: with intervals much shorter than the window the two are
// equal on the mean. Produce times are whole ms. The driver is warm for seven
// minutes, not for a day. One burst can hold half of a window's events: repeats
// of a window are no other window.
package spark
