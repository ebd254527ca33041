package io.rubato.jobs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.split;
import static org.apache.spark.sql.functions.window;

import java.util.HashMap;
import java.util.Map;
import org.apache.spark.api.java.function.VoidFunction2;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.DataStreamReader;
import org.apache.spark.sql.streaming.DataStreamWriter;

/**
 * A query as a line asks for it: {@code start ALIAS NAME TRIGGER [OPTION=VALUE..]}. The name {@code -} is none. The options:
 *
 * <pre>
 * source      folder (the alias's), rate, both (the two in one query), kafka
 * plan        rows (as they come), windows (lines KEY,SECONDS counted in windows of 5 s, watermark 1 s),
 *             counts (lines KEY,.. counted by key)
 * mode        append, update
 * sink        noop, sleep (each batch waits), table, nested (the first batch starts ALIAS-nested, on an interval of
 *             1000 s), json:PATH, or a format of Spark's own
 * checkpoint  yes: kept with the alias
 * reader.X, writer.X, conf.X   an option of the source or the sink, or a setting of the session
 * </pre>
 */
final class Wanted {
    private final String name;
    private final String trigger;
    private final Map<String, String> options = new HashMap<>();

    Wanted(String[] words) {
        name = words[2];
        trigger = words[3];
        for (int i = 4; i < words.length; i++) {
            int equals = words[i].indexOf('=');
            options.put(words[i].substring(0, equals), words[i].substring(equals + 1));
        }
    }

    DataStreamWriter<Row> writer(SparkSession session, Folder folder, Map<String, VoidFunction2<Dataset<Row>, Long>> sinks) {
        of("conf.").forEach((key, value) -> session.conf().set(key, value));
        DataStreamWriter<Row> writer = plan(source(session, folder)).writeStream()
                .trigger(Session.trigger(trigger))
                .outputMode(options.getOrDefault("mode", "append"));
        for (Map.Entry<String, String> option : of("writer.").entrySet()) {
            writer = Session.option(writer, option.getKey(), option.getValue());
        }
        if (!name.equals("-")) {
            writer = writer.queryName(name);
        }
        if (options.containsKey("checkpoint")) {
            writer = Session.option(writer, "checkpointLocation", folder.checkpoint());
        }
        String sink = options.getOrDefault("sink", "noop");
        if (sinks.containsKey(sink)) {
            return writer.foreachBatch(sinks.get(sink));
        }
        return sink.startsWith("json:") ? Session.option(writer.format("json"), "path", sink.substring("json:".length()))
                : writer.format(sink);
    }

    private Dataset<Row> source(SparkSession session, Folder folder) {
        String source = options.getOrDefault("source", "folder");
        DataStreamReader reader = session.readStream();
        for (Map.Entry<String, String> option : of("reader.").entrySet()) {
            reader = reader.option(option.getKey(), option.getValue());
        }
        switch (source) {
            case "folder":
                return folder.stream(reader);
            case "both":
                return folder.stream(reader).union(value(session.readStream().format("rate").option("numPartitions", 1).load()));
            case "rate":
                // One task: the source's default is one for each core, and a continuous query keeps its tasks running.
                return value(reader.format("rate").option("numPartitions", 1).load());
            default:
                return value(reader.format(source).load());
        }
    }

    private static Dataset<Row> value(Dataset<Row> rows) {
        return rows.selectExpr("CAST(value AS STRING) AS value");
    }

    private Dataset<Row> plan(Dataset<Row> lines) {
        switch (options.getOrDefault("plan", "rows")) {
            case "windows":
                return lines.select(split(col("value"), ",").getItem(0).as("key"),
                                split(col("value"), ",").getItem(1).cast("long").cast("timestamp").as("time"))
                        .withWatermark("time", "1 second")
                        .groupBy(window(col("time"), "5 seconds"), col("key"))
                        .count();
            case "counts":
                return lines.select(split(col("value"), ",").getItem(0).as("key")).groupBy(col("key")).count();
            default:
                return lines;
        }
    }

    private Map<String, String> of(String prefix) {
        Map<String, String> found = new HashMap<>();
        options.forEach((key, value) -> {
            if (key.startsWith(prefix)) {
                found.put(key.substring(prefix.length()), value);
            }
        });
        return found;
    }
}
