package io.rubato.jobs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.window;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.DataStreamWriter;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryException;

/**
 * One query of each kind that is asked for, on one driver: what the simulator's batch times are fitted to, and what
 * {@code rubato bench spark} runs.
 */
public final class CalibrationJob {
    private final SparkSession spark;
    private final Flags flags;

    private CalibrationJob(SparkSession spark, Flags flags) {
        this.spark = spark;
        this.flags = flags;
    }

    public static void main(String[] arguments) throws TimeoutException, StreamingQueryException {
        Flags flags = new Flags(arguments, "brokers", "queries", "interval", "work", "app", "topic", "master",
                "watch-stdin");
        if (flags.is("watch-stdin")) {
            Session.endWithInput();
        }
        SparkSession spark = Session.start(flags.get("app", "calibration"), flags.get("master", "local[2]"));
        CalibrationJob job = new CalibrationJob(spark, flags);
        List<StreamingQuery> queries = new ArrayList<>();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(queries), "stop-queries"));
        for (String name : flags.need("queries").split(",")) {
            queries.add(job.write(name));
            System.out.println("started " + name);
        }
        spark.streams().awaitAnyTermination();
    }

    private StreamingQuery write(String name) throws TimeoutException {
        switch (name) {
            case "files":
                return start(name, Session.option(events().writeStream().format("json").outputMode("append"),
                        "path", flags.need("work") + "/files"));
            case "windows":
                return start(name, events().withWatermark("timestamp", "10 seconds")
                        .groupBy(window(col("timestamp"), "5 seconds"), col("key")).count()
                        .writeStream().format("noop").outputMode("update"));
            case "join":
                return start(name, joined().writeStream().format("noop").outputMode("append"));
            default:
                throw new IllegalArgumentException("--queries " + name + ": files, windows or join");
        }
    }

    private StreamingQuery start(String name, DataStreamWriter<Row> writer) throws TimeoutException {
        return Session.option(writer.queryName(name).trigger(Session.trigger(flags.get("interval", "1s"))),
                "checkpointLocation", flags.need("work") + "/" + name + "-checkpoint").start();
    }

    private Dataset<Row> events() {
        return parsed(flags.get("topic", "events"));
    }

    /** A topic's records with the number inside. */
    private Dataset<Row> parsed(String topic) {
        return spark.readStream().format("kafka")
                .option("kafka.bootstrap.servers", flags.need("brokers"))
                .option("subscribe", topic)
                .option("startingOffsets", "earliest")
                .option("failOnDataLoss", "false")
                .load()
                .select(col("timestamp"), expr("CAST(key AS STRING) AS key"),
                        expr("from_json(CAST(value AS STRING), 'n LONG').n AS n"));
    }

    /** Pairs of records with one number, of two topics, up to two seconds apart. */
    private Dataset<Row> joined() {
        Dataset<Row> left = events().withWatermark("timestamp", "4 seconds").alias("e");
        Dataset<Row> right = parsed("answers").withWatermark("timestamp", "4 seconds").alias("a");
        return left.join(right, expr("e.n = a.n AND a.timestamp BETWEEN e.timestamp - INTERVAL 2 SECONDS"
                + " AND e.timestamp + INTERVAL 2 SECONDS"));
    }

    private static void stop(List<StreamingQuery> queries) {
        for (StreamingQuery query : queries) {
            try {
                query.stop();
            } catch (TimeoutException late) {
                System.err.println("the query did not stop in time: " + late.getMessage());
            }
        }
    }
}
