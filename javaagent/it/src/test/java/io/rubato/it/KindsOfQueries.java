package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Queries of every shape are managed. */
interface KindsOfQueries {
    Stage stage();

    /** A heartbeat that shows the query under this interval, after a command of it. */
    private JsonNode managed(String key, String run, long intervalMs) throws Exception {
        stage().tuner.command(key, run, intervalMs, Stage.LEASE_MS);
        return stage().tuner.awaitHeartbeat("managed", run,
                m -> m.get("managed").asBoolean() && m.get("intervalMs").asLong() == intervalMs);
    }

    private JsonNode batch(String run, long number) throws Exception {
        return stage().tuner.await("batch " + number, run, "trigger",
                m -> !Tuner.isStart(m) && m.at("/counters/batches").asLong() >= number);
    }

    @Test
    @Proves(Promise.RESTART)
    default void aQueryThatRestartsFromItsCheckpointKeepsItsKeyAndIsManagedAgain() throws Exception {
        Driver job = stage().job;
        String first = job.start("again", "-", "400ms", "checkpoint=yes");
        JsonNode started = stage().attached(first);
        String key = started.get("key").asText();
        assertEquals("it/" + started.get("queryId").asText(), key);
        job.add("again");
        batch(first, 1);
        managed(key, first, 150);
        job.stop("again");
        String second = job.start("again", "-", "400ms", "checkpoint=yes");
        assertNotEquals(first, second);
        assertEquals(key, stage().attached(second).get("key").asText());
        job.add("again");
        batch(second, 1);
        JsonNode beat = managed(key, second, 170);
        assertEquals(0, beat.at("/stats/adviceErrors").asLong());
        assertEquals(1, job.committed("again"), "the second run did not go on where the first stopped");
        job.stop("again");
    }

    @Test
    @Proves(Promise.SEVERAL_QUERIES)
    default void aQueryThatIsStartedInsideABatchOfAnotherHasItsOwnInterval() throws Exception {
        Driver job = stage().job;
        String outer = job.start("outer", "outer", "30s", "sink=nested");
        stage().attached(outer);
        managed("it/outer", outer, 300);
        job.add("outer");
        String inner = stage().tuner.awaitKey("it/outer-nested").get("runId").asText();
        stage().attached(inner);
        JsonNode beat = stage().tuner.awaitHeartbeat("the nested query waits", inner,
                m -> m.get("phase").asText().equals("waiting"));
        assertFalse(beat.get("managed").asBoolean());
        assertEquals(1_000_000, beat.get("intervalMs").asLong());
        JsonNode end = stage().waiting(inner);
        managed("it/outer-nested", inner, 700);
        assertEquals(700, stage().tuner.nextStart(inner, stage().tuner.nextStart(inner, end)).get("intervalMs").asLong());
        int seen = stage().tuner.all(outer).size();
        stage().tuner.awaitHeartbeat("the outer query is as it was", outer, m -> m.get("seq").asLong() > seen
                && m.get("managed").asBoolean() && m.get("intervalMs").asLong() == 300);
        job.stop("outer-nested");
        job.stop("outer");
    }

    @Test
    @Proves(Promise.CLEAN_UP)
    default void aBatchThatOnlyCleansStateUpIsABatchAndNoEmptyTrigger() throws Exception {
        Driver job = stage().job;
        String run = job.start("cleaned", "cleaned", "300ms", "plan=windows", "checkpoint=yes");
        stage().attached(run);
        job.add("cleaned", "a,100", "b,101");
        batch(run, 1);
        managed("it/cleaned", run, 200);
        job.add("cleaned", "a,200");
        JsonNode cleanUp = stage().tuner.await("a batch without rows", run, "progress", m -> ranNoRows(m)
                && m.at("/progress/stateOperators/0/numRowsRemoved").asLong() > 0);
        long id = cleanUp.at("/progress/batchId").asLong();
        JsonNode end = stage().tuner.await("its trigger's end", run, "trigger",
                m -> !Tuner.isStart(m) && m.get("seq").asLong() > cleanUp.get("seq").asLong());
        assertEquals("batch", end.get("outcome").asText());
        stage().tuner.nextStart(run, stage().tuner.nextStart(run, end));
        job.stop("cleaned");
        JsonNode last = stage().tuner.await("terminated", run, "terminated", m -> true);
        Set<Long> ran = new TreeSet<>();
        for (JsonNode progress : stage().tuner.all(run, "progress")) {
            if (progress.at("/progress/durationMs").has("addBatch")) {
                ran.add(progress.at("/progress/batchId").asLong());
            }
        }
        assertTrue(ran.contains(id));
        assertEquals(ran.size(), last.at("/counters/batches").asLong());
        assertTrue(last.at("/counters/emptyTriggers").asLong() > 0);
    }

    private static boolean ranNoRows(JsonNode message) {
        return message.at("/progress/numInputRows").asLong() == 0 && message.at("/progress/durationMs").has("addBatch");
    }

    @Test
    @Proves(Promise.SOURCES)
    default void aQueryOnSeveralSourcesTellsAllOfThem() throws Exception {
        Driver job = stage().job;
        String run = job.start("both", "both", "30s", "source=both", "reader.maxFilesPerTrigger=7");
        JsonNode started = stage().attached(run);
        List<JsonNode> sources = new ArrayList<>();
        started.get("sources").forEach(sources::add);
        assertEquals(2, sources.size(), sources.toString());
        assertEquals(1, sources.stream().filter(s -> s.at("/options/maxFilesPerTrigger").asText().equals("7")).count());
        managed("it/both", run, 250);
        job.add("both");
        for (int i = 0; i < 2; i++) {
            // Spark does not tell the rows of each where a file source is among them.
            String source = "/progress/sources/" + i;
            stage().tuner.await("a batch that took from source " + i, run, "progress",
                    m -> !m.at(source + "/startOffset").equals(m.at(source + "/endOffset")));
        }
        job.stop("both");
    }

    @Test
    @Proves(Promise.KAFKA)
    default void aQueryOnKafkaTellsItsTopicAndItsOffsets() throws Exception {
        assumeTrue(stage().spark.hasKafka(), "no Kafka connector of this Spark could be fetched");
        stage().tuner.produce("events", 1_000);
        String run = stage().job.start("events", "events", "30s", "source=kafka", "reader.subscribe=events",
                "reader.kafka.bootstrap.servers=" + stage().brokers(), "reader.startingOffsets=earliest",
                "reader.maxOffsetsPerTrigger=400");
        JsonNode started = stage().attached(run);
        assertEquals("kafka", started.at("/sources/0/name").asText());
        assertEquals("events", started.at("/sources/0/options/subscribe").asText());
        assertEquals("400", started.at("/sources/0/options/maxOffsetsPerTrigger").asText());
        managed("it/events", run, 300);
        JsonNode last = stage().tuner.await("all records taken", run, "progress",
                m -> m.at("/progress/sources/0/endOffset/events/0").asLong() == 1_000);
        assertTrue(last.at("/progress/numInputRows").asLong() <= 400);
        stage().job.stop("events");
    }

    @Test
    @Proves(Promise.FALLING_BEHIND)
    default void sparkWarnsOfFallingBehindTheIntervalInEffect() throws Exception {
        Driver job = stage().job;
        String lazy = job.start("lazy", "lazy", "100ms", "sink=sleep");
        stage().attached(lazy);
        managed("it/lazy", lazy, 2_000);
        // What is said of the trigger in which the command came is Spark's affair.
        stage().tuner.await("a trigger under the command", lazy, "trigger",
                m -> Tuner.isStart(m) && m.get("managed").asBoolean());
        long before = warnings("lazy", 100);
        job.add("lazy");
        JsonNode end = batch(lazy, 1);
        stage().tuner.nextStart(lazy, end);
        assertEquals(before, warnings("lazy", 100), "the configured interval does not matter");
        job.stop("lazy");

        String late = job.start("late", "late", "40s", "sink=sleep");
        stage().attached(late);
        managed("it/late", late, 60);
        job.add("late");
        Await.until("a batch of 400 ms falls behind 60 ms, whatever was configured", () -> warnings("late", 60) > 0);
        job.stop("late");
    }

    /** How often Spark said that a batch of this query fell behind this interval; 4.0 writes a brace behind the number. */
    private long warnings(String query, long intervalMs) throws Exception {
        Pattern warning = Pattern.compile("\\[stream execution thread for " + query + " .*falling behind\\. The trigger interval is "
                + intervalMs + "\\D");
        return warning.matcher(stage().job.log()).results().count();
    }
}
