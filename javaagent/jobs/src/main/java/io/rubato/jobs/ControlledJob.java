package io.rubato.jobs;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import org.apache.spark.api.java.function.VoidFunction2;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryException;

/**
 * Runs queries at the word of standard input, one line each, and answers each with one line:
 *
 * <pre>
 * start ALIAS NAME TRIGGER [OPTION=VALUE..]  started ALIAS RUN_ID   a query in a session of its own; see {@link Wanted}
 * add ALIAS [LINE..]     added ALIAS           one new file in the alias's folder
 * await ALIAS            ended ALIAS           waits for the query's own end
 * stop ALIAS             stopped ALIAS MILLIS
 * committed ALIAS        committed ALIAS BATCH the last batch in the checkpoint, or -1
 * table ALIAS            table ALIAS {K=V,..}  the last value of each key, sorted, from the sink {@code table}
 * told ALIAS             told ALIAS {WORD,..}  what Spark's own listener was told so far; see {@link Told}
 * slept                  slept MILLIS          the shortest wait of the sinks {@code sleep}
 * return                                       main returns, with every query running and the session open
 * </pre>
 *
 * What cannot be done is answered with {@code failed} and why. An alias keeps its folder, and its checkpoint if one is
 * asked for, over its queries. The end of standard input ends the job.
 */
public final class ControlledJob {
    private final SparkSession spark = Session.start("it", "local[2]");
    // A nested query is started by the thread of another.
    private final Map<String, StreamingQuery> queries = new ConcurrentHashMap<>();
    private final Map<String, Folder> folders = new ConcurrentHashMap<>();
    private final Map<String, Table> tables = new ConcurrentHashMap<>();
    private final Map<String, Told> told = new ConcurrentHashMap<>();
    private final Sleep sleep = new Sleep();

    public static void main(String[] arguments) throws Exception {
        ControlledJob job = new ControlledJob();
        System.out.println("ready");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (line.equals("return")) {
                return;
            }
            try {
                System.out.println(job.obey(line.split(" ")));
            } catch (Exception | LinkageError failed) {
                failed.printStackTrace();
                System.out.println("failed " + failed);
            }
        }
        System.exit(0);
    }

    private String obey(String[] words) throws TimeoutException, StreamingQueryException, IOException {
        switch (words[0]) {
            case "start":
                return start(words);
            case "add":
                folders.get(words[1]).add(words.length > 2 ? Arrays.copyOfRange(words, 2, words.length) : new String[] {"line"});
                return "added " + words[1];
            case "await":
                queries.get(words[1]).awaitTermination();
                return "ended " + words[1];
            case "stop":
                long before = System.nanoTime();
                queries.get(words[1]).stop();
                return "stopped " + words[1] + " " + (System.nanoTime() - before) / 1_000_000;
            case "committed":
                return "committed " + words[1] + " " + folders.get(words[1]).committed();
            case "table":
                return "table " + words[1] + " " + tables.get(words[1]);
            case "told":
                return "told " + words[1] + " {" + told.get(words[1]) + '}';
            case "slept":
                return "slept " + sleep.shortestMs();
            default:
                throw new IllegalArgumentException(words[0]);
        }
    }

    private String start(String[] words) throws TimeoutException {
        String alias = words[1];
        Folder folder = folders.computeIfAbsent(alias, Folder::new);
        Map<String, VoidFunction2<Dataset<Row>, Long>> sinks = new HashMap<>();
        sinks.put("sleep", sleep);
        sinks.put("table", tables.computeIfAbsent(alias, any -> new Table()));
        sinks.put("nested", new Nested(() -> start(("start " + alias + "-nested " + alias + "-nested 1000s source=rate").split(" "))));
        SparkSession session = spark.newSession();
        told.put(alias, Told.by(session));
        StreamingQuery query = new Wanted(words).writer(session, folder, sinks).start();
        queries.put(alias, query);
        return "started " + alias + " " + query.runId();
    }
}
