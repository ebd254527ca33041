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
            try (Tuner tuner = new Tuner(broker.address(), "out")) {
                JsonNode beat = tuner.awaitHeartbeat("a heartbeat", run, m -> true);
                assertTrue(beat.at("/counters/triggers").asLong() > 0, "the job stood still");
                manage(tuner, run, 0);
                broker.close();
                Await.until("the agent says so again", () -> occurrences(job.log(), "is out of reach") == 2);
                broker.start();
                JsonNode back = tuner.awaitHeartbeat("a heartbeat after the outage", run,
                        m -> m.at("/stats/expired").asLong() == 1);
                manage(tuner, run, back.get("seq").asLong());
                assertEquals(2, occurrences(job.log(), "is back"), "it did not say once that the broker is back");
            }
            assertEquals(1, occurrences(job.log(), "option nonsense is not known"));
            assertTrue(job.stop("steady") < 5_000);
        }
    }

    private static void manage(Tuner tuner, String run, long afterSeq) throws Exception {
        Await.until("the query is managed", () -> {
            tuner.command("it/steady", run, 2_000, LEASE_MS, "lengthen", null);
            Thread.sleep(200);
            return tuner.all(run, "heartbeat").stream()
                    .anyMatch(m -> m.get("seq").asLong() > afterSeq && m.get("managed").asBoolean());
        });
    }

    private static int occurrences(String text, String part) {
        return text.split(java.util.regex.Pattern.quote(part), -1).length - 1;
    }
}
