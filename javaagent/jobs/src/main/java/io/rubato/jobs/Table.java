package io.rubato.jobs;

import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.function.VoidFunction2;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** A sink that keeps the last value of each key, as a table with a primary key does. */
final class Table implements VoidFunction2<Dataset<Row>, Long> {
    private final Map<String, String> values = new TreeMap<>();

    @Override
    public void call(Dataset<Row> rows, Long batch) {
        for (Row row : rows.collectAsList()) {
            put(String.valueOf(row.get(0)), String.valueOf(row.get(1)));
        }
    }

    private synchronized void put(String key, String value) {
        values.put(key, value);
    }

    @Override
    public synchronized String toString() {
        return values.toString().replace(" ", "");
    }
}
