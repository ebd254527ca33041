package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the agent promises where the broker is not there from the start, goes, and comes back. */
class BrokerOutageIT {
    private static final long LEASE_MS = 2_000;

    @Test
    void theJobCopiesOnWithoutABrokerAndIsManagedWhenItComes() throws Exception {
        Path folder = Driver.folder("outage");
        try (Broker broker = new Broker(folder.resolve("broker"));
                Driver driver = Driver.ofCopies(folder,
                        List.of(Driver.agent("brokers=" + broker.address() + ",prefix=out,nonsense=1")), Driver.classPath())) {
            driver.awaitReady();
            Copy copy = new Copy(driver, folder, "steady", "500ms");
            copy.passesALine();
            Await.until("the agent says that the broker is out of reach", () -> driver.said("is out of reach") == 1);
            copy.passesALine();
            broker.start();
            long listeningMs = System.currentTimeMillis();
            try (Tuner tuner = new Tuner(broker.address(), "out")) {
                JsonNode trigger = tuner.await("a trigger", copy.runId, "trigger", m -> true);
                assertTrue(trigger.get("wallMs").asLong() < listeningMs, "the job stood still");
                JsonNode held = tuner.obeyed(copy.key(), copy.runId, 2_000, LEASE_MS, 0);
                broker.close();
                copy.passesALine();
                Await.until("the agent says so again", () -> driver.said("is out of reach") == 2);
                copy.passesALine();
                broker.start();
                JsonNode back = tuner.awaitHeartbeat("a heartbeat after the outage", copy.runId,
                        m -> !m.get("managed").asBoolean() && m.get("seq").asLong() > held.get("seq").asLong()
                                && m.at("/stats/expired").asLong() > held.at("/stats/expired").asLong());
                tuner.obeyed(copy.key(), copy.runId, 2_000, LEASE_MS, back.get("seq").asLong());
                copy.passesALine();
                assertEquals(2, driver.said("is back"), "it did not say once that the broker is back");
            }
            assertEquals(1, driver.said("option nonsense is not known"));
            driver.stop("steady");
            copy.assertWhole();
        }
    }
}
