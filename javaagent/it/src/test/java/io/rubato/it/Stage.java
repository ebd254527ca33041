package io.rubato.it;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.LongStream;

/** One driver of one Spark, with a broker and a tuner of its own. */
final class Stage implements AutoCloseable {
    /** A driver lives for two minutes here: the JVM's second compiler would cost as much CPU as all the rest. */
    static final String ONE_COMPILER = "-XX:TieredStopAtLevel=1";

    static final long LONG_MS = 600_000;
    static final long LEASE_MS = 3_600_000;
    /** A stop that takes longer hangs: a bound, and no measure of how long one takes. */
    static final long HUNG_MS = 60_000;

    final Spark spark;
    final Tuner tuner;
    final Driver job;
    final Path folder;
    private final Broker broker;

    Stage(Spark spark) throws Exception {
        this.spark = spark;
        folder = Files.createTempDirectory(Files.createDirectories(Path.of(System.getProperty("it.target"))),
                "spark-" + spark + "-").toAbsolutePath();
        broker = new Broker(folder.resolve("broker"));
        job = Driver.of(spark, folder.resolve("spark.log"), ONE_COMPILER, agentFlag());
        try {
            broker.start();
            tuner = new Tuner(broker.address(), "it");
            job.awaitReady();
        } catch (Exception | Error failed) {
            job.close();
            broker.close();
            throw failed;
        }
    }

    /** Of the stage's driver, and for one of another kind with the same broker and tuner. */
    String agentFlag() {
        return Driver.agent("brokers=" + broker.address() + ",prefix=it,min=50ms,max=1h");
    }

    String brokers() {
        return broker.address();
    }

    @Override
    public void close() throws InterruptedException {
        job.close();
        tuner.close();
        broker.close();
    }

    /** The end of the run's first trigger: its wait has begun. */
    JsonNode waiting(String runId) throws Exception {
        return tuner.await("a trigger has ended", runId, "trigger", message -> !Tuner.isStart(message));
    }

    JsonNode attached(String runId) throws Exception {
        return tuner.await("started with all hooks active", runId, "started",
                message -> message.get("hooksActive").asBoolean());
    }

    /** A query with a wait of at least ten minutes in progress. */
    String longWait(String name) throws Exception {
        String run = job.start(name, name, longestFromNow() + "ms");
        attached(run);
        waiting(run);
        return run;
    }

    /**
     * Spark's triggers fall on multiples of the interval since 1970, so a wait of ten minutes may be about to end when it
     * begins. Of the intervals from ten minutes to twenty, this is the one whose next multiple is the farthest away.
     */
    private static long longestFromNow() {
        long now = System.currentTimeMillis();
        return LongStream.rangeClosed(LONG_MS / 1_000, 2 * LONG_MS / 1_000).mapToObj(seconds -> seconds * 1_000)
                .max(Comparator.comparing(interval -> ownTarget(now, interval))).orElseThrow();
    }

    /** When Spark would start the trigger after one that started then. */
    static long ownTarget(long triggerStartMs, long intervalMs) {
        return triggerStartMs / intervalMs * intervalMs + intervalMs;
    }

    static long startMs(JsonNode message) {
        return message.get("triggerStartMs").asLong();
    }
}
