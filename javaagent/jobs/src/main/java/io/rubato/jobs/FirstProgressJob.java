package io.rubato.jobs;

import java.lang.management.ManagementFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StreamingQuery;

/** Prints how long a query's first progress took, from {@code start()} and from the JVM's start, and ends. */
public final class FirstProgressJob {
    private FirstProgressJob() {
    }

    public static void main(String[] arguments) throws Exception {
        SparkSession spark = Session.start("first-progress", "local[2]");
        Folder folder = new Folder("first");
        folder.add("line");
        long before = System.nanoTime();
        StreamingQuery query = folder.stream(spark.readStream()).writeStream()
                .queryName("first")
                .trigger(Session.trigger("100ms"))
                .format("noop")
                .start();
        while (query.lastProgress() == null && query.isActive()) {
            Thread.sleep(1);
        }
        long fromStart = (System.nanoTime() - before) / 1_000_000;
        System.out.println("first " + fromStart + " " + ManagementFactory.getRuntimeMXBean().getUptime());
        query.stop();
        System.exit(0);
    }
}
