package io.rubato.jobs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.window;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeoutException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.DataStreamReader;
import org.apache.spark.sql.streaming.DataStreamWriter;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryException;

/** Counts a topic's records by key in windows of ten seconds. */
public final class DemoJob {
    private DemoJob() {
    }

    public static void main(String[] arguments) throws TimeoutException, StreamingQueryException {
        Flags flags = new Flags(arguments, "brokers", "topic", "interval", "sink", "out", "checkpoint", "name", "app",
                "master", "max-offsets-per-trigger", "min-offsets-per-trigger", "max-trigger-delay", "starting-offsets",
                "kafka-options", "watch-stdin");
        if (flags.is("watch-stdin")) {
            Session.endWithInput();
        }
        SparkSession spark = Session.start(flags.get("app", "rubato-demo"), flags.get("master", "local[2]"));
        StreamingQuery query = write(count(read(spark, flags)), flags).start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(query), "stop-query"));
        System.out.println("started " + query.name() + " " + query.id() + " " + query.runId());
        query.awaitTermination();
    }

    private static Dataset<Row> read(SparkSession spark, Flags flags) {
        DataStreamReader reader = spark.readStream().format("kafka")
                .option("kafka.bootstrap.servers", flags.need("brokers"))
                .option("subscribe", flags.need("topic"))
                .option("startingOffsets", flags.get("starting-offsets", "earliest"))
                .option("failOnDataLoss", "false");
        if (flags.has("max-offsets-per-trigger")) {
            reader = reader.option("maxOffsetsPerTrigger", flags.need("max-offsets-per-trigger"));
        }
        if (flags.has("min-offsets-per-trigger")) {
            reader = reader.option("minOffsetsPerTrigger", flags.need("min-offsets-per-trigger"));
        }
        if (flags.has("max-trigger-delay")) {
            reader = reader.option("maxTriggerDelay", flags.need("max-trigger-delay"));
        }
        if (flags.has("kafka-options")) {
            for (Map.Entry<Object, Object> option : properties(flags.need("kafka-options")).entrySet()) {
                reader = reader.option("kafka." + option.getKey(), option.getValue().toString());
            }
        }
        return reader.load().selectExpr("CAST(key AS STRING) AS key", "timestamp");
    }

    /** The source's own Kafka properties, such as how it logs in. */
    private static Properties properties(String file) {
        Properties properties = new Properties();
        try (Reader in = Files.newBufferedReader(Paths.get(file))) {
            properties.load(in);
        } catch (IOException unreadable) {
            throw new UncheckedIOException("--kafka-options " + file, unreadable);
        }
        return properties;
    }

    private static Dataset<Row> count(Dataset<Row> records) {
        return records.withWatermark("timestamp", "30 seconds")
                .groupBy(window(col("timestamp"), "10 seconds"), col("key"))
                .count();
    }

    private static DataStreamWriter<Row> write(Dataset<Row> counts, Flags flags) {
        DataStreamWriter<Row> writer = counts.writeStream()
                .queryName(flags.get("name", "events"))
                .trigger(Session.trigger(flags.get("interval", "2s")));
        if (flags.has("checkpoint")) {
            writer = Session.option(writer, "checkpointLocation", flags.need("checkpoint"));
        }
        String sink = flags.get("sink", "noop");
        switch (sink) {
            case "noop":
                return writer.format("noop").outputMode("update");
            case "files":
                return Session.option(writer.format("json").outputMode("append"), "path", flags.need("out"));
            default:
                throw new IllegalArgumentException("--sink " + sink + ": noop or files");
        }
    }

    private static void stop(StreamingQuery query) {
        try {
            query.stop();
        } catch (TimeoutException late) {
            System.err.println("the query did not stop in time: " + late.getMessage());
        }
    }
}
