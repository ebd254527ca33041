package io.rubato.jobs;

import org.apache.spark.api.java.function.VoidFunction2;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.util.SystemClock;

/** What a job's own code may do on the stream thread: wait on the class that the trigger loop waits on. */
final class Sleep implements VoidFunction2<Dataset<Row>, Long> {
    private static final long SLEEP_MS = 400;

    private long shortestMs = Long.MAX_VALUE;

    @Override
    public void call(Dataset<Row> rows, Long batch) {
        long before = System.nanoTime();
        SystemClock clock = new SystemClock();
        clock.waitTillTime(clock.getTimeMillis() + SLEEP_MS);
        took((System.nanoTime() - before) / 1_000_000);
    }

    private synchronized void took(long millis) {
        shortestMs = Math.min(shortestMs, millis);
    }

    synchronized long shortestMs() {
        return shortestMs;
    }
}
