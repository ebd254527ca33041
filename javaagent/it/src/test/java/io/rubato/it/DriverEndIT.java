package io.rubato.it;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** A driver that nobody stops ends with its main, as without the agent: nothing of ours keeps its JVM. */
class DriverEndIT {
    private final Path folder;

    DriverEndIT() throws IOException {
        folder = Driver.folder("end");
    }

    @Test
    void aDriverWhoseMainReturnsEndsWhileTheAgentSpeaksToABroker() throws Exception {
        try (Broker broker = new Broker(folder.resolve("broker"))) {
            broker.start();
            try (Tuner tuner = new Tuner(broker.address(), "end"); Driver job = driver(broker.address())) {
                String run = job.start("left", "left", "200ms");
                tuner.awaitHeartbeat("the agent is at work", run, m -> m.at("/counters/triggers").asLong() > 1);
                assertEndsWithItsMain(job);
            }
        }
    }

    @Test
    void aDriverWhoseMainReturnsEndsWhileTheAgentLooksForABroker() throws Exception {
        try (BadNetwork nobody = new BadNetwork(); Driver job = driver(nobody.address())) {
            job.start("left", "left", "200ms");
            Await.until("the agent is at work", () -> job.said("is out of reach") > 0);
            assertEndsWithItsMain(job);
        }
    }

    private Driver driver(String brokers) throws Exception {
        Driver driver = Driver.of(Spark.BUILT, folder.resolve("spark.log"), Driver.agent("prefix=end,brokers=" + brokers));
        driver.awaitReady();
        return driver;
    }

    private static void assertEndsWithItsMain(Driver job) throws Exception {
        job.letMainReturn();
        Await.until("the driver ends", () -> !job.isAlive());
    }
}
