/**
 * The isolated half of the agent: where it starts, its options and its log.
 *
 * <p><b>Model.</b> {@link io.rubato.agent.core.Core} is made once, on a warm-up thread, in a loader of its own that sees
 * the JDK, the bridge, and nothing of Spark or of the job. It hands back the transformer for Spark's classes. The first
 * run of a query starts the three daemon threads: sender, receiver, heartbeat.
 *
 * <p><b>Caveats.</b> Standard output is never written. A wrong option is named once and its default used.
 */
package io.rubato.agent.core;
