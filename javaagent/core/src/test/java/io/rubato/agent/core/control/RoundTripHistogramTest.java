package io.rubato.agent.core.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class RoundTripHistogramTest {
    @Test
    void aBucketHoldsWhatItSays() {
        for (long nanos = 1_001; nanos < 200_000_000_000L; nanos = nanos * 21 / 20 + 1) {
            int bucket = RoundTripHistogram.bucket(nanos);
            double micros = nanos / 1_000.0;
            assertTrue(micros >= Math.pow(RoundTripHistogram.BASE, bucket) * (1 - 1e-8), nanos + " in " + bucket);
            assertTrue(micros < Math.pow(RoundTripHistogram.BASE, bucket + 1) * (1 + 1e-8), nanos + " in " + bucket);
        }
    }

    @Test
    void theOutermostBucketsTakeTheRest() {
        RoundTripHistogram histogram = new RoundTripHistogram();
        histogram.record(-5);
        histogram.record(0);
        histogram.record(Long.MAX_VALUE);
        assertEquals(2, histogram.count(0));
        assertEquals(1, histogram.count(RoundTripHistogram.BUCKETS - 1));
        for (int between = 1; between < RoundTripHistogram.BUCKETS - 1; between++) {
            assertEquals(0, histogram.count(between));
        }
    }
}
