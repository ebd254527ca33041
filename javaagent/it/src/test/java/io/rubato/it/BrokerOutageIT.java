package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What the agent promises where the broker is not there from the start, goes, and comes back. */
class BrokerOutageIT {
    private static final long LEASE_MS = 2_000;

    @Test
    void theJobRunsOnWithoutABrokerAndIsManagedWhenItComes() throws Exception {
        Path folder = Files.createTempDirectory(Files.createDirectories(Path.of(System.getProperty("it.target"))), "outage-");
        try (Broker broker = new Broker(folder.resolve("broker"));
                SparkJob job = new SparkJob(folder.resolve("spark.log"), "brokers=" + broker.address() + ",prefix=out,nonsense=1")) {
            job.awaitReady();
            String run = job.start("steady", "steady", "500ms");
            Await.until("the agent says that the broker is out of reach", () -> job.log().contains("is out of reach"));
            broker.start();
            long listeningMs = System.currentTimeMillis();
            try (Tuner tuner = new Tuner(broker.address(), "out")) {
                JsonNode trigger = tuner.await("a trigger", run, "trigger", m -> true);
                assertTrue(trigger.get("wallMs").asLong() < listeningMs, "the job stood still");
                JsonNode held = manage(tuner, run, 0);
                broker.close();
                Await.until("the agent says so again", () -> occurrences(job.log(), "is out of reach") == 2);
                broker.start();
                JsonNode back = tuner.awaitHeartbeat("a heartbeat after the outage", run,
                        m -> !m.get("managed").asBoolean() && m.get("seq").asLong() > held.get("seq").asLong()
                                && m.at("/stats/expired").asLong() > held.at("/stats/expired").asLong());
                manage(tuner, run, back.get("seq").asLong());
                assertEquals(2, occurrences(job.log(), "is back"), "it did not say once that the broker is back");
            }
            assertEquals(1, occurrences(job.log(), "option nonsense is not known"));
            assertTrue(job.stop("steady") < 5_000);
        }
    }

    /** Commands until a heartbeat after this one says that the query is managed; gives that heartbeat. */
    private static JsonNode manage(Tuner tuner, String run, long afterSeq) throws Exception {
        return Await.found("the query is managed", () -> {
            tuner.command("it/steady", run, 2_000, LEASE_MS, "lengthen", null);
            Thread.sleep(200);
            return tuner.all(run, "heartbeat").stream()
                    .filter(m -> m.get("seq").asLong() > afterSeq && m.get("managed").asBoolean()).findFirst().orElse(null);
        });
    }

    private static int occurrences(String text, String part) {
        return text.split(java.util.regex.Pattern.quote(part), -1).length - 1;
    }
}
