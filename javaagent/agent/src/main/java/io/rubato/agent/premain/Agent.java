package io.rubato.agent.premain;

import java.lang.instrument.Instrumentation;

/** Where the JVM enters. */
public final class Agent {
    private Agent() {
    }

    /** Never fails the JVM. */
    public static void premain(String argument, Instrumentation instrumentation) {
        try {
            instrumentation.addTransformer(new Gate(new WarmUp(argument, instrumentation)), true);
        } catch (Throwable error) {
            System.err.println("rubato-agent: not started: " + error);
        }
    }
}
