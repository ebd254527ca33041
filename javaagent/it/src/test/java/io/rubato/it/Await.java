package io.rubato.it;

import java.time.Duration;
import java.util.concurrent.Callable;

/** Waiting for a condition, with a deadline. */
final class Await {
    private static final Duration DEADLINE = Duration.ofSeconds(180);
    private static final long LOOK_EVERY_MS = 20;

    private Await() {
    }

    /** Looks until the supplier gives something other than null, and fails with this message at the deadline. */
    static <T> T found(String what, Callable<T> supplier) throws Exception {
        long end = System.nanoTime() + DEADLINE.toNanos();
        while (System.nanoTime() - end < 0) {
            T value = supplier.call();
            if (value != null) {
                return value;
            }
            Thread.sleep(LOOK_EVERY_MS);
        }
        throw new AssertionError("did not happen in " + DEADLINE.toSeconds() + " s: " + what);
    }

    static void until(String what, Callable<Boolean> condition) throws Exception {
        found(what, () -> condition.call() ? Boolean.TRUE : null);
    }
}
