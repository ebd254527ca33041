/**
 * What Spark's instrumented classes and the agent's core share.
 *
 * <p><b>Model.</b> One {@link io.rubato.agent.bridge.RunState} stands for one live run of one query. The stream thread
 * carries it in a thread local from the moment {@code runActivatedStream} is entered until it is left; every advice goes
 * through {@link io.rubato.agent.bridge.StreamHooks}, which looks it up and does nothing where there is none. The core
 * puts a {@link io.rubato.agent.bridge.Command} into a run and wakes its monitor; the run's own thread works out what to
 * wait for.
 *
 * <p><b>Caveats.</b> These classes are defined by the bootstrap loader, because the loaders of Spark's classes and of the
 * core have no other ancestor in common. So they use types of {@code java.base} alone, and nothing may be added here
 * that reads a resource, logs, or can throw into Spark: a failure is counted and Spark's own code runs instead.
 * The monitor of a run guards its turn; a command is read with one volatile read. The core is called with the monitor
 * held, so that messages leave in the order in which they were numbered: it must only enqueue there.
 */
package io.rubato.agent.bridge;
