package io.rubato.agent.bridge;

/** Spark's own trigger arithmetic, for the turns in which the agent has to give it back half way, and the wait's. */
public final class Arithmetic {
    static final long NANOS_PER_MS = 1_000_000;

    private Arithmetic() {
    }

    /** When {@code ProcessingTimeExecutor} would start the trigger after the one that started at {@code startMs}. */
    public static long sparksNextTrigger(long startMs, long configuredMs) {
        return configuredMs == 0 ? startMs : startMs / configuredMs * configuredMs + configuredMs;
    }

    /** Whole milliseconds, at least 1, that last no shorter. */
    static long ceilMs(long nanos) {
        return Math.max(1, (nanos + NANOS_PER_MS - 1) / NANOS_PER_MS);
    }
}
