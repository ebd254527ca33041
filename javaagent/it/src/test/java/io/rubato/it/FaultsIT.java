package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * What goes wrong around the agent, or inside it, is no harm to the job: in each test lines go in and come out, once. All in
 * one driver: it has the jar twice, OpenTelemetry's agent, a third one with a ByteBuddy of its own, other versions of our
 * libraries, a temporary folder that cannot be written, and a broker behind a bad network.
 */
class FaultsIT {
    private static final long LEASE_MS = 3_000;

    private static BadNetwork network;
    private static Broker broker;
    private static Tuner tuner;
    private static Rival rival;
    private static Driver driver;
    private static Path folder;
    private static Copy copy;

    @BeforeAll
    static void start() throws Exception {
        folder = Driver.folder("faults");
        network = new BadNetwork();
        broker = new Broker(folder.resolve("broker"), network.port());
        network.leadTo(broker.port());
        rival = new Rival(folder);
        Path twin = Files.copy(Path.of(AgentCommand.JAR), folder.resolve("the-same-agent.jar"));
        List<String> flags = new ArrayList<>(rival.flags());
        flags.add(Driver.agent("prefix=faults,brokers=" + network.address()));
        flags.add("-javaagent:" + twin + "=prefix=twin");
        if (!Spark.BUILT.isOnJava8()) { // It allows one to be set as it is, and would take this for one's name.
            flags.add("-Djava.security.manager=allow");
        }
        flags.addAll(List.of("-Djava.io.tmpdir=/proc/no-such-folder",
                "-Dspark.local.dir=" + folder.resolve("local")));
        driver = Driver.ofCopies(folder, flags, AgentJars.byteBuddy() + File.pathSeparator + Driver.classPath());
        broker.start();
        network.become(BadNetwork.Mode.PASS);
        tuner = new Tuner(broker.address(), "faults");
        driver.awaitReady();
        copy = new Copy(driver, folder, "steady", "500ms");
        copy.passesALine();
    }

    @AfterAll
    static void end() throws Exception {
        driver.close();
        tuner.close();
        broker.close();
        network.close();
    }

    /** After whatever was done to it, the query can be commanded again, and nothing was lost or came twice. */
    @AfterEach
    void theJobIsUnharmedAndTheAgentServesItAgain() throws Exception {
        manage();
        copy.passesALine();
        copy.assertWhole();
        assertTrue(driver.isAlive());
    }

    /** A heartbeat from here on that tells that the query obeys. */
    private static JsonNode manage() throws Exception {
        return tuner.obeyed(copy.key(), copy.runId, 300, LEASE_MS, tuner.lastSeq(copy.runId));
    }

    private static void awaitSaid(String what, int times) throws Exception {
        Await.until("the agent says '" + what + "' (" + times + ")", () -> driver.said(what) >= times);
    }

    @Test
    void theJarGivenTwiceIsOneAgentAndItSaysSo() throws Exception {
        assertEquals(1, driver.said("given more than once: the first counts"));
        assertEquals(1, driver.said("metrics to faults.metrics"));
        assertEquals(0, driver.said("twin.metrics"));
    }

    @Test
    void openTelemetrysAgentAndOursBothWork() throws Exception {
        assertEquals(1, driver.said("opentelemetry-javaagent - version"));
        manage();
    }

    @Test
    void anotherByteBuddyAgentOnTheSameMethodsAndOursBothWork() throws Exception {
        assertBothWork();
    }

    @Test
    void anotherAgentMayRetransformTheSameClassesAndBothWorkOn() throws Exception {
        rival.order("retransform");
        assertBothWork();
    }

    private static void assertBothWork() throws Exception {
        int before = rival.order("count");
        JsonNode beat = manage();
        long firings = beat.at("/stats/hookFirings/nextBatchTime").asLong();
        JsonNode later = tuner.awaitHeartbeat("our hooks fire on", copy.runId,
                m -> m.at("/stats/hookFirings/nextBatchTime").asLong() > firings);
        assertEquals(beat.at("/stats/adviceErrors"), later.at("/stats/adviceErrors"));
        assertTrue(rival.order("count") > before, "the rival's advice was lost");
    }

    @Test
    void otherVersionsOfOurLibrariesOnTheJobsClassPathAreNoConflict() throws Exception {
        String classPath = Files.readString(Path.of(System.getProperty("jobs.target"), "classpath.txt"));
        for (String library : List.of("kafka-clients-", "jackson-core-")) {
            assertTrue(classPath.contains(library), library + " is not on the job's class path");
        }
        assertFalse(classPath.contains("kafka-clients-" + System.getProperty("kafka.version") + ".jar"));
        assertNotEquals(System.getProperty("bytebuddy.version"),
                AgentJars.byteBuddy().getFileName().toString().replaceAll("[^\\d.]|\\.jar", ""));
        manage();
    }

    /** Not the whole disk, which the job itself writes to. */
    @Test
    void aTemporaryFolderThatCannotBeWrittenIsNotMissed() throws Exception {
        assertFalse(driver.log().contains("no-such-folder"), "the agent tried to write");
    }

    @Test
    void aBrokerThatIsSilentOrResettingHarmsNothingAndTheAgentSaysSo() throws Exception {
        for (BadNetwork.Mode mode : List.of(BadNetwork.Mode.SILENT, BadNetwork.Mode.RESET)) {
            int said = driver.said("is out of reach");
            int back = driver.said("is back");
            network.become(mode);
            awaitSaid("is out of reach", said + 1);
            copy.passesALine();
            network.become(BadNetwork.Mode.PASS);
            awaitSaid("is back", back + 1);
        }
    }

    /** Slow is not gone: the agent need not say anything. */
    @Test
    void aSlowBrokerHarmsNothingAndGetsItsMetrics() throws Exception {
        network.become(BadNetwork.Mode.SLOW);
        long slowFromMs = System.currentTimeMillis();
        copy.passesALine();
        copy.passesALine();
        tuner.awaitHeartbeat("one that was sent slowly", copy.runId, m -> m.get("wallMs").asLong() > slowFromMs);
        network.become(BadNetwork.Mode.PASS);
    }

    @Test
    void aBrokerGoneUntilTheQueueIsFullCostsTheOldestMessagesAndTheyAreCounted() throws Exception {
        Copy eager = new Copy(driver, folder, "eager", "0s");
        tuner.await("started", eager.runId, "started", m -> true);
        long before = (Long) driver.bean("DroppedMessages");
        network.become(BadNetwork.Mode.SILENT);
        Await.until("messages are dropped, most of them the eager query's", () -> (Long) driver.bean("DroppedMessages") > before + 100);
        eager.passesALine();
        network.become(BadNetwork.Mode.PASS);
        tuner.awaitHeartbeat("the drops are told", eager.runId, m -> m.at("/counters/drops").asLong() > 0);
        driver.stop("eager");
        eager.assertWhole();
    }

    @Test
    void aDecisionsTopicFullOfGarbageIsReadToItsEndAndHarmsNothing() throws Exception {
        byte[] huge = new byte[500_000];
        long refused = manage().at("/stats/refusedBy/malformed").asLong();
        for (int i = 0; i < 2_000; i++) {
            byte[] value = i % 500 == 0 ? huge : ("{\"v\":" + i + ",[" + "\0".repeat(i % 50)).getBytes(StandardCharsets.UTF_8);
            tuner.send(i % 3 == 0 ? null : i % 3 == 1 ? copy.key() : "elsewhere/" + i, value);
        }
        tuner.awaitHeartbeat("all that was meant for us is counted", copy.runId,
                m -> m.at("/stats/refusedBy/malformed").asLong() == refused + 667);
        awaitSaid("skipped; said at most once a minute", 1);
    }

    @Test
    void agentThreadsThatAreKilledBeginAgainAndTheAgentSaysSo() throws Exception {
        for (String how : List.of("interrupt", "stop")) {
            int said = driver.said("begins again");
            rival.order(how);
            awaitSaid("begins again", said + 1);
            manage();
        }
    }

    @Test
    void aProducerWhoseThreadIsDeadIsReplacedAndTheAgentSaysSo() throws Exception {
        int said = driver.said("the producer has not answered");
        rival.order("stop-producer");
        awaitSaid("the producer has not answered", said + 1);
        manage();
    }

    @Test
    void anOutOfMemoryErrorInsideOurCoreLeavesTheQueryToSpark() throws Exception {
        manage();
        rival.order("memory-out");
        for (int i = 0; i < 4; i++) {
            copy.passesALine();
        }
        Copy fresh = new Copy(driver, folder, "fresh", "200ms");
        fresh.passesALine();
        rival.order("memory-back");
        assertTrue(manage().at("/stats/adviceErrors").asLong() > 0);
        awaitSaid("an advice failed, Spark's own code ran instead: java.lang.OutOfMemoryError: injected", 1);
        driver.stop("fresh");
        fresh.assertWhole();
    }

    @Test
    void aSecurityManagerThatDeniesOurCoreEverythingHarmsNothingAndTheAgentSaysSo() throws Exception {
        rival.order("deny");
        network.become(BadNetwork.Mode.RESET);
        Copy fresh = new Copy(driver, folder, "denied", "200ms");
        fresh.passesALine();
        copy.passesALine();
        awaitSaid("cannot receive decisions: java.lang.SecurityException: denied", 1);
        network.become(BadNetwork.Mode.PASS);
        assertTrue(rival.order("allow") > 0, "nothing was denied");
        driver.stop("denied");
        fresh.assertWhole();
    }
}
