/**
 * What crosses the wire: messages out, decisions in, and the key of both.
 *
 * <p><b>Model.</b> A {@link io.rubato.agent.core.wire.Message} is a picture of a run at one instant, taken on the thread
 * where it happened; it becomes JSON later, on the sender's thread. A {@link io.rubato.agent.core.wire.Decision} is a
 * message of the tuner that parsed; whether it is obeyed is not decided here.
 *
 * <p><b>Caveats.</b> Spark's progress is embedded as Spark wrote it, unread. Unknown fields of a decision are ignored;
 * a field of the wrong type makes the whole decision malformed.
 */
package io.rubato.agent.core.wire;
