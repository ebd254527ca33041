package io.rubato.agent.bridge;

/** The two clocks of a wait, and the wait itself, so that a test can bring its own. */
public interface Clock {
    /** Wall time in milliseconds since 1970, as Spark's {@code SystemClock} reads it. */
    long wallMs();

    /** Monotonic time in nanoseconds, comparable within one JVM only. */
    long nanos();

    /**
     * Waits on a monitor that the caller holds.
     *
     * @param millis at least 1
     * @throws InterruptedException if the thread is interrupted, at once if it already was
     */
    void await(Object monitor, long millis) throws InterruptedException;
}
