package io.rubato.jobs;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.DataStreamWriter;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryException;
import org.apache.spark.util.SystemClock;

/**
 * Runs queries at the word of standard input, one line each, and answers each with one line:
 *
 * <pre>
 * start ALIAS NAME TRIGGER   started ALIAS RUN_ID       a query on a folder of its own, in a session of its own
 * sleeper ALIAS NAME TRIGGER started ALIAS RUN_ID       the same; each batch waits 400 ms on Spark's own clock class
 * add ALIAS                  added ALIAS                one new file
 * await ALIAS                ended ALIAS                waits for the query's own end
 * stop ALIAS                 stopped ALIAS MILLIS
 * slept                      slept MILLIS               the shortest of the sleepers' waits
 * </pre>
 *
 * The end of standard input ends the job.
 */
public final class ControlledJob {
    private static final long SLEEP_MS = 400;

    private final SparkSession spark = Session.start("it", "local[2]");
    private final Map<String, StreamingQuery> queries = new HashMap<>();
    private final Map<String, Folder> folders = new HashMap<>();
    private volatile long shortestSleepMs = Long.MAX_VALUE;

    public static void main(String[] arguments) throws Exception {
        ControlledJob job = new ControlledJob();
        System.out.println("ready");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            System.out.println(job.obey(line.split(" ")));
        }
        System.exit(0);
    }

    private String obey(String[] words) throws TimeoutException, StreamingQueryException, IOException {
        switch (words[0]) {
            case "start":
            case "sleeper":
                return start(words[1], words[2], words[3], words[0].equals("sleeper"));
            case "add":
                folders.get(words[1]).add();
                return "added " + words[1];
            case "await":
                queries.get(words[1]).awaitTermination();
                return "ended " + words[1];
            case "stop":
                long before = System.nanoTime();
                queries.get(words[1]).stop();
                return "stopped " + words[1] + " " + (System.nanoTime() - before) / 1_000_000;
            case "slept":
                return "slept " + shortestSleepMs;
            default:
                return "unknown " + words[0];
        }
    }

    private String start(String alias, String name, String trigger, boolean sleeper) throws TimeoutException {
        Folder folder = new Folder(alias);
        DataStreamWriter<Row> writer = folder.stream(spark.newSession()).writeStream()
                .queryName(name)
                .trigger(Session.trigger(trigger));
        StreamingQuery query = (sleeper ? writer.foreachBatch(this::sleep) : writer.format("noop")).start();
        folders.put(alias, folder);
        queries.put(alias, query);
        return "started " + alias + " " + query.runId();
    }

    /** What a job's own code may do on the stream thread: wait on the class that the trigger loop waits on. */
    private void sleep(Dataset<Row> rows, Long batch) {
        long before = System.nanoTime();
        SystemClock clock = new SystemClock();
        clock.waitTillTime(clock.getTimeMillis() + SLEEP_MS);
        shortestSleepMs = Math.min(shortestSleepMs, (System.nanoTime() - before) / 1_000_000);
    }
}
