package io.rubato.jobs;

import java.io.IOException;
import org.apache.spark.sql.SparkSession;
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

    /** {@code once}, {@code available-now}, or an interval such as {@code 2s}, {@code 500ms}, {@code 0s}. */
    static Trigger trigger(String text) {
        switch (text) {
            case "once":
                return Trigger.Once();
            case "available-now":
                return Trigger.AvailableNow();
            default:
                return Trigger.ProcessingTime(text.endsWith("ms")
                        ? text.substring(0, text.length() - 2) + " milliseconds"
                        : text.substring(0, text.length() - 1) + " seconds");
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
