package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Queries that have no trigger interval of their own are left as they are, and go on as they would. */
interface LeftUntouched {
    Stage stage();

    /**
     * The query goes on whatever is commanded, and every message of its run says that it is not managed.
     *
     * @param refused how many commands its heartbeats will say were refused; there are none of a continuous query
     */
    private void unmanaged(String name, String run, int refused) throws Exception {
        Driver job = stage().job;
        try {
            Await.until(name + " goes on", () -> job.committed(name) >= 1);
            stage().tuner.command("it/" + name, run, Stage.LONG_MS, Stage.LEASE_MS);
            if (refused > 0) {
                stage().tuner.awaitHeartbeat("the command is refused", run,
                        m -> m.at("/stats/refusedBy/unmanageable").asLong() == refused);
            }
            long now = job.committed(name);
            Await.until(name + " goes on after a command", () -> job.committed(name) > now + 1);
        } finally {
            // A continuous query keeps a core busy.
            job.stop(name);
        }
        for (JsonNode message : stage().tuner.all(run)) {
            assertFalse(message.get("managed").asBoolean(), message.toString());
            assertFalse(message.path("manageable").asBoolean(), message.toString());
        }
    }

    @Test
    @Proves(Promise.ONCE)
    default void onceAndAvailableNowAreLeftUntouched() throws Exception {
        for (String trigger : List.of("once", "available-now")) {
            String run = stage().job.start(trigger, trigger, trigger);
            stage().job.ask("await " + trigger, "ended");
            JsonNode started = stage().tuner.await("started", run, "started", m -> true);
            assertFalse(started.get("manageable").asBoolean());
            stage().tuner.await("terminated", run, "terminated", m -> true);
            assertTrue(stage().tuner.all(run, "trigger").isEmpty());
        }
    }

    @Test
    @Proves(Promise.CONTINUOUS)
    default void aContinuousQueryIsLeftUntouched() throws Exception {
        unmanaged("continuous", stage().job.start("continuous", "continuous", "continuous", "source=rate", "checkpoint=yes"), 0);
    }

    @Test
    @Proves(Promise.CONTINUOUS)
    default void besideAQueryThatIsLeftAloneTheOthersAreServed() throws Exception {
        Driver job = stage().job;
        job.start("alone", "alone", "continuous", "source=rate", "checkpoint=yes");
        try {
            Await.until("the query that is left alone goes on", () -> job.committed("alone") >= 1);
            String run = stage().longWait("beside");
            stage().tuner.command("it/beside", run, Stage.LONG_MS, Stage.LEASE_MS);
            stage().tuner.awaitHeartbeat("the other is managed", run, m -> m.get("managed").asBoolean());
            job.stop("beside");
            long now = job.committed("alone");
            Await.until("the query that is left alone still goes on", () -> job.committed("alone") > now);
        } finally {
            job.stop("alone");
        }
    }

    @Test
    @Proves(Promise.REAL_TIME)
    default void aRealTimeQueryIsLeftUntouched() throws Exception {
        assumeTrue(stage().spark.isAtLeast(4, 1), "there is none before Spark 4.1");
        stage().tuner.produce("real-time", 10);
        String run = stage().job.start("realtime", "realtime", "real-time", "source=kafka", "mode=update",
                "reader.subscribe=real-time", "reader.kafka.bootstrap.servers=" + stage().brokers(), "sink=kafka",
                "writer.topic=out", "writer.kafka.bootstrap.servers=" + stage().brokers(),
                "conf.spark.sql.streaming.realTimeMode.minBatchDuration=1000", "checkpoint=yes");
        unmanaged("realtime", run, 1);
    }

    @Test
    @Proves(Promise.ASYNC)
    default void aQueryThatTracksItsProgressAsynchronouslyIsLeftUntouched() throws Exception {
        assumeTrue(stage().spark.isAtLeast(3, 4), "there is none before Spark 3.4");
        assumeTrue(stage().spark.hasKafka(), "it takes a Kafka sink, and no connector of this Spark could be fetched");
        String run = stage().job.start("async", "async", "200ms", "source=rate", "reader.rowsPerSecond=50", "sink=kafka",
                "writer.topic=async", "writer.kafka.bootstrap.servers=" + stage().brokers(),
                "writer.asyncProgressTrackingEnabled=true", "checkpoint=yes");
        JsonNode started = stage().tuner.await("started", run, "started", m -> true);
        assertEquals("ProcessingTime", started.get("triggerType").asText());
        unmanaged("async", run, 1);
    }
}
