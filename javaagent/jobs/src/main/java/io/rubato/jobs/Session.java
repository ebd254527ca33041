package io.rubato.jobs;

import java.io.IOException;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.DataStreamWriter;
import org.apache.spark.sql.streaming.Trigger;

/** What the jobs have in common: a small local session, a trigger from its text, and an orderly end. */
final class Session {
    private Session() {
    }

    static SparkSession start(String appName, String master) {
        return SparkSession.builder()
                .appName(appName)
                .master(master)
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "2")
                .config("spark.sql.streaming.metricsEnabled", "false")
                .getOrCreate();
    }

    /**
     * {@code once}, {@code available-now}, {@code continuous}, {@code real-time}, or an interval such as {@code 2s},
     * {@code 500ms}, {@code 0s}.
     */
    static Trigger trigger(String text) {
        switch (text) {
            case "once":
                return Trigger.Once();
            case "available-now":
                return Trigger.AvailableNow();
            case "continuous":
                return Trigger.Continuous("1 second");
            case "real-time":
                return realTime();
            default:
                return Trigger.ProcessingTime(text.endsWith("ms")
                        ? text.substring(0, text.length() - 2) + " milliseconds"
                        : text.substring(0, text.length() - 1) + " seconds");
        }
    }

    /**
     * Sets an option of a sink. The method's erased return type is another in Spark 4 than in 3, so that a call of it links
     * with one of them only; by reflection one jar runs on both.
     */
    static <T> DataStreamWriter<T> option(DataStreamWriter<T> writer, String name, String value) {
        try {
            DataStreamWriter.class.getMethod("option", String.class, String.class).invoke(writer, name, value);
            return writer;
        } catch (ReflectiveOperationException failed) {
            throw new IllegalArgumentException("set the sink's option " + name, failed);
        }
    }

    /** There is none before Spark 4.1. */
    private static Trigger realTime() {
        try {
            return (Trigger) Trigger.class.getMethod("RealTime", String.class).invoke(null, "1 second");
        } catch (ReflectiveOperationException missing) {
            throw new IllegalArgumentException("this Spark has no real-time trigger", missing);
        }
    }

    /** Ends this JVM when its standard input does: a job whose parent died leaves nothing behind. */
    static void endWithInput() {
        Thread watcher = new Thread(() -> {
            try {
                while (System.in.read() >= 0) {
                    continue;
                }
            } catch (IOException closed) {
                // As good as the end.
            }
            System.exit(0);
        }, "input-watcher");
        watcher.setDaemon(true);
        watcher.start();
    }
}
