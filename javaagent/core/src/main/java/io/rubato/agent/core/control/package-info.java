/**
 * Which runs are alive, what they are told, and what they tell.
 *
 * <p><b>Model.</b> {@link io.rubato.agent.core.control.Runs} holds every live run by run id and by key; it is the
 * {@link io.rubato.agent.bridge.Observer} of the hooks. {@link io.rubato.agent.core.control.Commander} takes what comes
 * from the decisions topic, on one thread, and applies or refuses it.
 * {@link io.rubato.agent.core.control.Heartbeat} speaks for every run once a second.
 *
 * <p><b>Caveats.</b> The order of decisions is kept per key, past the end of a run, for the thousand keys used last.
 */
package io.rubato.agent.core.control;
