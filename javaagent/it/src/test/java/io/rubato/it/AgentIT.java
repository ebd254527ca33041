package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the agent promises of queries that it manages, in one Spark driver. */
class AgentIT {
    private static final long LONG_MS = 30_000;
    private static final long LEASE_MS = 60_000;

    private static Broker broker;
    private static Tuner tuner;
    private static SparkJob job;

    @BeforeAll
    static void start() throws Exception {
        Path folder = Files.createTempDirectory(Files.createDirectories(Path.of(System.getProperty("it.target"))), "agent-");
        broker = new Broker(folder.resolve("broker"));
        broker.start();
        tuner = new Tuner(broker.address(), "it");
        job = new SparkJob(folder.resolve("spark.log"), "brokers=" + broker.address() + ",prefix=it,min=50ms,max=40s");
        job.awaitReady();
    }

    @AfterAll
    static void end() throws Exception {
        if (job != null) {
            job.close();
        }
        if (tuner != null) {
            tuner.close();
        }
        if (broker != null) {
            broker.close();
        }
    }

    /** A trigger that has started, and whose wait has begun. */
    private static JsonNode waiting(String runId) throws Exception {
        return tuner.await("a trigger has ended", runId, "trigger", message -> !Tuner.isStart(message));
    }

    @Test
    void aQueryIsAttachedWithAllHooksActive() throws Exception {
        String run = job.start("attached", "attached", "1s");
        JsonNode started = tuner.await("started", run, "started", message -> message.get("hooksActive").asBoolean());
        assertEquals("it/attached", started.get("key").asText());
    }
}
