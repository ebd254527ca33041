package io.rubato.agent.premain;

import java.lang.instrument.Instrumentation;

/** Where the JVM enters: at its start, or later when a command attaches. One agent is active in a JVM at a time. */
public final class Agent {
    private static WarmUp active;

    private Agent() {
    }

    /** Never fails the JVM. */
    public static void premain(String argument, Instrumentation instrumentation) {
        try {
            if (install(argument, instrumentation) == null) {
                System.err.println("rubato-agent: given more than once: the first counts");
            }
        } catch (Throwable error) {
            System.err.println("rubato-agent: not started: " + error);
        }
    }

    /** Never fails the JVM; what came of it is left where {@link LiveCommand} says. */
    public static void agentmain(String argument, Instrumentation instrumentation) {
        LiveCommand.obey(argument, instrumentation);
    }

    /** The agent that is now active, or null where another is already. */
    static synchronized WarmUp install(String argument, Instrumentation instrumentation) {
        if (active != null) {
            return null;
        }
        active = new WarmUp(argument, instrumentation);
        instrumentation.addTransformer(active.gate, true);
        return active;
    }

    /** The active agent, or null. */
    static synchronized WarmUp active() {
        return active;
    }

    static synchronized void uninstalled() {
        active = null;
    }
}
