package io.rubato.agent.bridge;

/** Spark's own trigger arithmetic, for the turns in which the agent has to give it back half way. */
public final class Arithmetic {
    private Arithmetic() {
    }

    /** When {@code ProcessingTimeExecutor} would start the trigger after the one that started at {@code startMs}. */
    public static long sparksNextTrigger(long startMs, long configuredMs) {
        return configuredMs == 0 ? startMs : startMs / configuredMs * configuredMs + configuredMs;
    }
}
