package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A Spark that is not as the agent knows it: one clear line, and the query is Spark's own. */
class ChangedSparkIT {
    @Test
    void aRenamedClassIsSaidOnceAndTheQueryIsLeftAlone() throws Exception {
        assertLeftAlone(ChangedSpark.withClassRenamed("MicroBatchExecution", "MicroBatchRunner"),
                "this Spark has no class MicroBatchExecution");
    }

    @Test
    void aMethodThatIsGoneIsSaidOnceAndTheQueryIsLeftAlone() throws Exception {
        assertLeftAlone(ChangedSpark.withMethodRenamed("postListenerEvent", "announce"),
                "StreamingQueryManager.postListenerEvent is not as expected");
    }

    @Test
    void aChangedSignatureIsSaidOnceAndTheQueryIsLeftAlone() throws Exception {
        assertLeftAlone(ChangedSpark.withNumberForTruth("constructNextBatch"),
                "MicroBatchExecution.constructNextBatch is not as expected");
    }

    private static void assertLeftAlone(ChangedSpark spark, String line) throws Exception {
        Path folder = Driver.folder("changed");
        String classPath = spark.in(Driver.classPath(), folder);
        // Nothing listens there: what is not followed needs no broker.
        try (Driver driver = new Driver(folder.resolve("spark.log"), List.of(Driver.agent("brokers=127.0.0.1:1,log=warn")),
                classPath, "io.rubato.jobs.CopyJob", folder.toString())) {
            driver.awaitReady();
            Copy copy = new Copy(driver, folder, "left", "200ms");
            copy.passesALine();
            copy.passesALine();
            assertEquals(1, driver.said(line), driver.log());
            assertEquals(1, driver.said("queries are left alone"), driver.log());
            assertTrue(driver.stop("left") < 5_000);
            copy.assertWhole();
        }
    }
}
