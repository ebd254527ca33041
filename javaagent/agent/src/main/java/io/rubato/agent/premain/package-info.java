/**
 * The part of the agent that every JVM with the flag loads: it must cost next to nothing.
 *
 * <p><b>Model.</b> {@link io.rubato.agent.premain.Agent} registers {@link io.rubato.agent.premain.Gate}, which compares
 * the names of classes as they load. A driver's {@code SparkSession} starts the warm-up on a daemon thread: the bridge is
 * defined in the bootstrap loader, the core in an {@link io.rubato.agent.premain.IsolatedLoader}.
 *
 * An agent that is attached later goes the same way, and {@link io.rubato.agent.premain.LiveCommand} waits for it; the core
 * then looks for classes and runs that are there already, and again after 1 and 10 s, since what is just being loaded is
 * in no list. {@link io.rubato.agent.premain.WarmUp#detach} goes back: first the intervals, then, when no loop holds a
 * target of ours any more, the hooks.
 *
 * <p><b>Caveats.</b> One agent is active in a JVM at a time, and its core's classes stay for the next one. Nothing here may
 * throw out of a callback, print on standard output, or load a class that the JVM
 * does not need for its own start. The gate waits for the warm-up only for the two classes that a stream cannot do
 * without, since a class in flight cannot be retransformed later without a race.
 */
package io.rubato.agent.premain;
