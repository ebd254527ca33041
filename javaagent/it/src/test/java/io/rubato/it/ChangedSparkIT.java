package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * A Spark that is not as the agent knows it: one clear line, and no query of that driver is commanded. Where the run itself
 * can still be followed, the agent tells of it and refuses commands for want of hooks.
 */
class ChangedSparkIT {
    private static final long LONG_MS = 600_000;
    private static final int LINES = 10;

    private static Path folder;
    private static Broker broker;

    @BeforeAll
    static void start() throws Exception {
        folder = Driver.folder("changed");
        broker = new Broker(folder.resolve("broker"));
        broker.start();
    }

    @AfterAll
    static void end() throws Exception {
        broker.close();
    }

    @Test
    void aRenamedClassIsSaidOnceAndTheQueryKeepsItsTriggersUnderACommand() throws Exception {
        assertLeftAlone("class", ChangedSpark.withClassRenamed("MicroBatchExecution", "MicroBatchRunner"),
                "this Spark has no class MicroBatchExecution", false);
    }

    @Test
    void aMethodThatIsGoneIsSaidOnceAndTheQueryKeepsItsTriggersUnderACommand() throws Exception {
        assertLeftAlone("method", ChangedSpark.withMethodRenamed("postListenerEvent", "announce"),
                "StreamingQueryManager.postListenerEvent is not as expected", true);
    }

    @Test
    void aChangedSignatureIsSaidOnceAndTheQueryKeepsItsTriggersUnderACommand() throws Exception {
        assertLeftAlone("signature", ChangedSpark.withNumberForTruth("constructNextBatch"),
                "MicroBatchExecution.constructNextBatch is not as expected", false);
    }

    /** @param followed whether the run is known, so that a refusal can be waited for */
    private static void assertLeftAlone(String name, ChangedSpark spark, String line, boolean followed) throws Exception {
        Path own = Files.createDirectory(folder.resolve(name));
        try (Tuner tuner = new Tuner(broker.address(), name);
                Driver driver = Driver.ofCopies(own,
                        List.of(Driver.agent("log=warn,prefix=" + name + ",brokers=" + broker.address())),
                        spark.in(Driver.classPath(), own))) {
            driver.awaitReady();
            Copy copy = new Copy(driver, own, "left", "200ms");
            copy.passesALine();
            if (followed) {
                Await.until("a command is refused", () -> {
                    tuner.command(copy.key(), copy.runId, LONG_MS, LONG_MS, "lengthen", null);
                    return tuner.all(copy.runId, "heartbeat").stream().anyMatch(m -> m.at("/stats/refusedBy/hooks").asLong() > 0);
                });
            }
            // Under a command that were obeyed, the next line would come out in ten minutes.
            for (int i = 0; i < LINES; i++) {
                tuner.command(copy.key(), copy.runId, LONG_MS, LONG_MS, "lengthen", null);
                copy.passesALine();
            }
            assertEquals(List.of(), tuner.all(copy.runId, "heartbeat").stream()
                    .filter(m -> m.get("managed").asBoolean() || m.at("/stats/applied").asLong() > 0).toList());
            assertEquals(1, driver.said(line), driver.log());
            assertEquals(1, driver.said("queries are left alone"), driver.log());
            driver.stop("left");
            copy.assertWhole();
        }
    }
}
