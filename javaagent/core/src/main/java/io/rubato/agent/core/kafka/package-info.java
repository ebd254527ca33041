/**
 * The agent's two Kafka clients, each on a daemon thread of its own.
 *
 * <p><b>Model.</b> {@link io.rubato.agent.core.kafka.MetricSender} empties the queue into a producer with one request in
 * flight, so that a run's messages keep their order. {@link io.rubato.agent.core.kafka.DecisionReceiver} follows every
 * partition of the decisions topic without a group, and hands on what is signed with one of the configured keys.
 * {@link io.rubato.agent.core.kafka.Login} says how both log in.
 *
 * <p><b>Caveats.</b> Neither client can be trusted not to block: the stream thread never touches them. Both need the
 * agent's loader as the thread's context loader when they are built. A login registers one security
 * provider for the whole JVM, {@link io.rubato.agent.core.kafka.ScramProvider}, which serves these two clients and nobody
 * else. Where the job's own provider was there before, our clients log in by the job's, which speaks the same; only a
 * delegation token of ours is then not told of as one. Compression libraries are not in the jar: decisions must come plain
 * or gzipped.
 */
package io.rubato.agent.core.kafka;
