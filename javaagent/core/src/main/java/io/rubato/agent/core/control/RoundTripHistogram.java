package io.rubato.agent.core.control;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counts round trips in buckets that grow by a twentieth: bucket i holds [1.05^i, 1.05^(i+1)) microseconds. What is below
 * one microsecond is in bucket 0, what is above five minutes in the last.
 */
public final class RoundTripHistogram {
    public static final double BASE = 1.05;
    static final int BUCKETS = 401;

    private static final double LOG_BASE = Math.log(BASE);

    private final AtomicLongArray counts = new AtomicLongArray(BUCKETS);

    public void record(long nanos) {
        counts.incrementAndGet(bucket(nanos));
    }

    static int bucket(long nanos) {
        if (nanos <= 1_000) {
            return 0;
        }
        return Math.min(BUCKETS - 1, (int) (Math.log(nanos / 1_000.0) / LOG_BASE + 1e-9));
    }

    public int buckets() {
        return BUCKETS;
    }

    public long count(int bucket) {
        return counts.get(bucket);
    }
}
