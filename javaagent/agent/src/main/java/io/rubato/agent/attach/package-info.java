/**
 * The commands of the jar: to attach the agent to a driver that runs, and to detach it.
 *
 * <p><b>Model.</b> {@link io.rubato.agent.attach.Main} reads the words, {@link io.rubato.agent.attach.TargetVm} speaks to
 * the other JVM through the JDK's attach API, and tells what went wrong, and which flag would allow it, as a
 * {@link io.rubato.agent.attach.Refused}. The other JVM does the work in
 * {@link io.rubato.agent.premain.LiveCommand}, and answers through a system property of its own.
 *
 * <p><b>Caveats.</b> The attach API is called by reflection: Java 8 has it in {@code lib/tools.jar} of a JDK, later ones
 * in the module {@code jdk.attach}, and a runtime without either must be told so in words. A process that is no JVM is
 * never signalled, since the signal that wakes a JVM's attach listener ends others.
 */
package io.rubato.agent.attach;
