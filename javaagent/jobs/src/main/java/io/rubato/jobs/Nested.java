package io.rubato.jobs;

import java.util.concurrent.Callable;
import org.apache.spark.api.java.function.VoidFunction2;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Starts another query from inside a batch, once: on the stream thread of a query that may be managed. */
final class Nested implements VoidFunction2<Dataset<Row>, Long> {
    private final Callable<?> start;
    private boolean started;

    Nested(Callable<?> start) {
        this.start = start;
    }

    @Override
    public synchronized void call(Dataset<Row> rows, Long batch) throws Exception {
        if (!started) {
            started = true;
            start.call();
        }
    }
}
