package io.rubato.jobs;

import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StreamingQueryListener;
import org.apache.spark.sql.streaming.StreamingQueryProgress;

/**
 * What Spark's own listener is told of a session's triggers, in order, as {@code batch@START_MS} and {@code empty@START_MS},
 * and in the end {@code ended}. It is told of each empty trigger where {@code noDataProgressEventInterval} is 0: as of a
 * progress without a batch up to Spark 3.4, as of an idle query from 3.5 on.
 */
final class Told extends StreamingQueryListener {
    private final List<String> words = new CopyOnWriteArrayList<>();

    static Told by(SparkSession session) {
        Told told = new Told();
        session.streams().addListener(told);
        return told;
    }

    @Override
    public void onQueryStarted(QueryStartedEvent event) {
        // Its triggers are still to come.
    }

    @Override
    public void onQueryProgress(QueryProgressEvent event) {
        StreamingQueryProgress progress = event.progress();
        add(progress.durationMs().containsKey("addBatch") ? "batch" : "empty", progress.timestamp());
    }

    @Override
    public void onQueryIdle(QueryIdleEvent event) {
        add("empty", event.timestamp());
    }

    @Override
    public void onQueryTerminated(QueryTerminatedEvent event) {
        words.add("ended");
    }

    private void add(String what, String start) {
        words.add(what + '@' + Instant.parse(start).toEpochMilli());
    }

    @Override
    public String toString() {
        return String.join(",", words);
    }
}
