package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What the agent promises of queries that it manages, in one driver of each Spark. */
@ParameterizedClass(name = "{0}")
@MethodSource("io.rubato.it.Spark#underTest")
@ExtendWith(Matrix.class)
@Tag("matrix")
class AgentIT implements KindsOfQueries, LeftUntouched, Outputs, FromPython, LateAttachment {
    private static final long LONG_MS = Stage.LONG_MS;
    private static final long LEASE_MS = Stage.LEASE_MS;

    private static Stage stage;
    private static Tuner tuner;
    private static Driver job;
    /** Why there is none. */
    private static Throwable broken;

    @Parameter
    Spark spark;

    @BeforeParameterizedClassInvocation
    static void start(Spark spark) {
        broken = null;
        try {
            stage = new Stage(spark);
            tuner = stage.tuner;
            job = stage.job;
        } catch (Exception | Error failed) {
            broken = failed;
        }
    }

    /** A Spark that does not even start fails in each of its cells: none is missing from the table. */
    @BeforeEach
    void isStarted() {
        if (broken != null) {
            throw new AssertionError("Spark " + spark + " did not start", broken);
        }
    }

    @AfterParameterizedClassInvocation
    static void end() throws Exception {
        if (stage != null) {
            stage.close();
            stage = null;
        }
    }

    @Override
    public Stage stage() {
        return stage;
    }

    @Test
    @Proves(Promise.HOOKS)
    void aQueryIsAttachedAndIntroducesItself() throws Exception {
        String run = job.start("attached", "my query/1".replace(' ', '_'), LONG_MS + "ms");
        JsonNode started = stage.attached(run);
        assertEquals("it/my_query%2F1", started.get("key").asText());
        assertEquals("it", started.get("appName").asText());
        assertEquals("ProcessingTime", started.get("triggerType").asText());
        assertEquals(LONG_MS, started.get("configuredMs").asLong());
        assertTrue(started.get("manageable").asBoolean());
        assertEquals(spark.version(), started.get("sparkVersion").asText());
        // The end of a batch has had a method of its own since 3.4.
        started.get("hooks").fields().forEachRemaining(hook -> assertTrue(hook.getValue().asBoolean()
                || hook.getKey().equals("markMicroBatchEnd") && !spark.isAtLeast(3, 4), hook.getKey()));
        assertEquals("FileSource", started.at("/sources/0/name").asText().replaceAll("\\[.*", ""));
        job.stop("attached");
        JsonNode terminated = tuner.await("terminated", run, "terminated", message -> true);
        assertTrue(terminated.get("exception").isNull());
    }

    @Test
    @Proves(Promise.IN_EFFECT)
    void aCommandWakesAWaitInProgress() throws Exception {
        String run = stage.longWait("woken");
        JsonNode end = stage.waiting(run);
        tuner.command("it/woken", run, 100, LEASE_MS);
        JsonNode next = tuner.nextStart(run, end);
        assertTrue(Stage.startMs(next) < Stage.ownTarget(Stage.startMs(end), end.get("configuredMs").asLong()),
                "the next trigger waited for the old deadline");
        JsonNode second = tuner.nextStart(run, next);
        assertEquals(100, second.get("intervalMs").asLong());
        assertTrue(second.get("managed").asBoolean());
        long apart = Stage.startMs(second) - Stage.startMs(next);
        assertTrue(apart >= 99, "a trigger came " + apart + " ms after the one before, 100 ms were commanded");
        job.stop("woken");
    }

    @Test
    @Proves(Promise.GIVEN_BACK)
    void aLeaseThatEndsInsideAWaitGivesSparksOwnNextTimeBack() throws Exception {
        String run = job.start("leased", "leased", "2s");
        stage.attached(run);
        stage.waiting(run);
        tuner.command("it/leased", run, LONG_MS, 3_000, "lengthen", null);
        JsonNode beat = tuner.awaitHeartbeat("the lease ended", run, m -> m.at("/stats/expired").asLong() == 1);
        assertFalse(beat.get("managed").asBoolean());
        JsonNode next = tuner.await("a trigger after the lease", run, "trigger",
                m -> Tuner.isStart(m) && m.get("seq").asLong() > beat.get("seq").asLong());
        assertFalse(next.get("managed").asBoolean());
        assertTrue(Stage.startMs(next) - Stage.startMs(beat) < LONG_MS, "the commanded interval outlived its lease");
        tuner.await("a trigger on a multiple, as Spark has it", run, "trigger", m -> Tuner.isStart(m)
                && m.get("seq").asLong() >= next.get("seq").asLong() && Stage.startMs(m) % 2_000 < 500);
        job.stop("leased");
    }

    @Test
    @Proves(Promise.GIVEN_BACK)
    void aReleaseGivesTheIntervalBackAtOnce() throws Exception {
        String run = job.start("released", "released", "1s");
        stage.attached(run);
        tuner.command("it/released", run, LONG_MS, LEASE_MS, "lengthen", null);
        tuner.awaitHeartbeat("managed", run, m -> m.get("managed").asBoolean());
        JsonNode held = tuner.awaitHeartbeat("held in a wait", run, m -> m.get("managed").asBoolean()
                && m.get("phase").asText().equals("waiting") && m.get("wallMs").asLong() - Stage.startMs(m) > 1_500);
        tuner.command("it/released", run, 0, 0, "release", null);
        JsonNode next = tuner.nextStart(run, held);
        assertFalse(next.get("managed").asBoolean());
        assertEquals(1_000, next.get("intervalMs").asLong());
        assertTrue(Stage.startMs(next) - Stage.startMs(held) < LONG_MS, "the wait went on after the release");
        job.stop("released");
    }

    @Test
    @Proves(Promise.SEVERAL_QUERIES)
    void twoQueriesInOneDriverHoldTwoIntervals() throws Exception {
        String fast = stage.longWait("fast");
        String slow = stage.longWait("slow");
        tuner.command("it/fast", fast, 200, LEASE_MS);
        tuner.command("it/slow", slow, 2_000, LEASE_MS);
        JsonNode slowBefore = tuner.awaitHeartbeat("slow is managed", slow, m -> m.get("managed").asBoolean());
        JsonNode fastBefore = tuner.awaitHeartbeat("fast is managed", fast,
                m -> m.get("managed").asBoolean() && m.get("wallMs").asLong() >= slowBefore.get("wallMs").asLong());
        for (String run : List.of(fast, slow)) {
            long interval = run.equals(fast) ? 200 : 2_000;
            JsonNode first = tuner.await("managed trigger", run, "trigger", m -> Tuner.isStart(m) && m.get("managed").asBoolean());
            for (int i = 0; i < 4; i++) {
                JsonNode next = tuner.nextStart(run, first);
                assertEquals(interval, next.get("intervalMs").asLong());
                long apart = Stage.startMs(next) - Stage.startMs(first);
                assertTrue(apart >= interval - 1, apart + " ms at an interval of " + interval);
                first = next;
            }
        }
        // Over the same heartbeats the one has ten triggers for one of the other, or it was held to the other's pace.
        JsonNode slowAfter = tuner.awaitHeartbeat("four slow triggers", slow, m -> triggers(m) >= triggers(slowBefore) + 4);
        JsonNode fastAfter = tuner.awaitHeartbeat("fast at that time", fast,
                m -> m.get("wallMs").asLong() >= slowAfter.get("wallMs").asLong());
        long slowly = triggers(slowAfter) - triggers(slowBefore);
        long quickly = triggers(fastAfter) - triggers(fastBefore);
        assertTrue(quickly >= 2 * slowly, quickly + " triggers at 200 ms, " + slowly + " at 2 s");
        job.stop("fast");
        job.stop("slow");
    }

    private static long emptyTriggers(JsonNode message) {
        return message.at("/counters/emptyTriggers").asLong();
    }

    private static long triggers(JsonNode message) {
        return message.at("/counters/triggers").asLong();
    }

    @Test
    @Proves(Promise.COUNTS)
    void emptyTriggersAndBatchesAreCountedExactlyAsSparkItselfTellsThem() throws Exception {
        String run = job.start("counted", "counted", "200ms", Told.OF_ALL);
        stage.attached(run);
        for (int batch = 1; batch <= 3; batch++) {
            job.add("counted");
            tuner.nextStart(run, tuner.nextStart(run, endOfBatch(run, batch)));
        }
        // Held there, it has no trigger that is counted and not told of yet.
        tuner.command("it/counted", run, LONG_MS, LEASE_MS, "lengthen", null);
        JsonNode held = tuner.awaitHeartbeat("held in a wait", run,
                m -> m.get("managed").asBoolean() && m.get("phase").asText().equals("waiting"));
        job.stop("counted");
        JsonNode last = tuner.await("terminated", run, "terminated", message -> true);
        Await.until("Spark has told of the end", () -> job.told("counted").ended());
        Told told = job.told("counted");
        assertEquals(3, told.batches());
        assertEquals(3, held.at("/counters/batches").asLong());
        // From the first batch on: it is silent on a run's first empty trigger since 3.5.
        Told later = told.afterFirstBatch();
        JsonNode first = endOfBatch(run, 1);
        assertEquals(later.emptyTriggers(), emptyTriggers(held) - emptyTriggers(first));
        assertEquals(later.starts().size(), triggers(held) - triggers(first));
        // Up to 3.4 a trigger without a batch tells its progress too.
        assertEquals(3, tuner.all(run, "progress").stream().filter(m -> m.at("/progress/durationMs").has("addBatch")).count());
        List<JsonNode> ends = tuner.all(run, "trigger").stream().filter(m -> !Tuner.isStart(m)).toList();
        assertEquals(3, count(ends, "batch"));
        assertEquals(3, last.at("/counters/batches").asLong());
        assertEquals(count(ends, "empty"), emptyTriggers(last));
        assertEquals(ends.size(), triggers(last));
        assertEquals(triggers(held), triggers(last), "a stop in a wait is no trigger");
        assertEquals(0, last.at("/counters/drops").asLong());
        assertOrderly(tuner.all(run));
    }

    private static JsonNode endOfBatch(String run, int batch) throws Exception {
        return tuner.await("batch " + batch, run, "trigger", m -> !Tuner.isStart(m) && m.at("/counters/batches").asLong() == batch);
    }

    private static long count(List<JsonNode> ends, String outcome) {
        return ends.stream().filter(m -> m.get("outcome").asText().equals(outcome)).count();
    }

    /** Every number once, in order; a trigger's start, its progress, its end. */
    private static void assertOrderly(List<JsonNode> messages) {
        long seq = 0;
        boolean open = false;
        for (JsonNode message : messages) {
            assertEquals(++seq, message.get("seq").asLong());
            String type = message.get("type").asText();
            if (type.equals("trigger")) {
                assertNotEquals(open, Tuner.isStart(message), "two " + message.get("edge") + " edges in a row");
                open = Tuner.isStart(message);
            } else if (type.equals("progress")) {
                assertTrue(open, "progress outside its trigger");
                assertTrue(message.get("progress").isObject());
            }
        }
    }

    /** Again and again: an interrupt can meet the wait at many points. */
    @Test
    @Proves(Promise.STOP)
    void stopCutsALongWait() throws Exception {
        for (int i = 0; i < 8; i++) {
            String name = "stopped-" + i;
            String run = stage.longWait(name);
            tuner.command("it/" + name, run, LONG_MS, LEASE_MS, "lengthen", null);
            tuner.awaitHeartbeat("managed", run, m -> m.get("managed").asBoolean());
            long millis = job.stop(name);
            assertTrue(millis < Stage.HUNG_MS, "stop took " + millis + " ms in a wait of ten minutes");
        }
    }

    @Test
    @Proves(Promise.OWN_ARITHMETIC)
    void anUnmanagedQueryKeepsSparksOwnMultiples() throws Exception {
        String run = job.start("plain", "plain", "700ms");
        stage.attached(run);
        JsonNode start = tuner.await("a trigger", run, "trigger", Tuner::isStart);
        int inTime = 0;
        // Five in a row: on a busy machine the one or the other is late.
        for (int triggers = 0; inTime < 5; triggers++) {
            assertTrue(triggers < 150, "triggers keep starting long after the multiples of the interval");
            JsonNode next = tuner.nextStart(run, start);
            assertTrue(Stage.startMs(next) >= Stage.ownTarget(Stage.startMs(start), 700), "a trigger started before its time");
            inTime = Stage.startMs(next) % 700 < 200 ? inTime + 1 : 0;
            start = next;
        }
        job.stop("plain");
    }

    @Test
    @Proves(Promise.FOREACH_BATCH)
    void aJobsOwnWaitOnTheSameClockIsLeftAlone() throws Exception {
        String run = job.start("sleeping", "sleeping", "500ms", "sink=sleep");
        stage.attached(run);
        tuner.command("it/sleeping", run, 100, LEASE_MS);
        job.add("sleeping");
        tuner.await("a batch", run, "trigger", m -> m.at("/counters/batches").asLong() == 1);
        long slept = Long.parseLong(job.ask("slept", "slept"));
        assertTrue(slept >= 399, "a wait of 400 ms in a batch took " + slept + " ms");
        job.stop("sleeping");
    }

    @Test
    @Proves(Promise.TWINS)
    void twoLiveRunsUnderOneKeyAreLeftAlone() throws Exception {
        String first = job.start("twin-a", "twin", LONG_MS + "ms");
        stage.attached(first);
        tuner.command("it/twin", first, LONG_MS, LEASE_MS, "lengthen", null);
        tuner.awaitHeartbeat("managed", first, m -> m.get("managed").asBoolean());
        String second = job.start("twin-b", "twin", LONG_MS + "ms");
        JsonNode conflict = tuner.awaitHeartbeat("conflict", first, m -> m.get("conflict").asBoolean());
        assertFalse(conflict.get("managed").asBoolean());
        assertTrue(tuner.await("started", second, "started", m -> true).get("conflict").asBoolean());
        tuner.command("it/twin", second, LONG_MS, LEASE_MS, "lengthen", null);
        tuner.awaitHeartbeat("refused", second, m -> m.at("/stats/refusedBy/conflict").asLong() == 1);
        assertTrue(job.log().contains("two live runs under the key it/twin"), "it did not say so");
        job.stop("twin-b");
        tuner.await("no conflict any more", first, "heartbeat", m -> !m.get("conflict").asBoolean()
                && m.get("seq").asLong() > conflict.get("seq").asLong());
        tuner.command("it/twin", first, LONG_MS, LEASE_MS, "lengthen", null);
        tuner.awaitHeartbeat("managed again", first, m -> m.get("managed").asBoolean() && m.get("seq").asLong() > conflict.get("seq").asLong());
        job.stop("twin-a");
    }

    @Test
    @Proves(Promise.GARBAGE)
    void whatIsNoDecisionIsCountedAndHarmsNothing() throws Exception {
        String run = stage.longWait("pestered");
        String key = "it/pestered";
        byte[] huge = new byte[900_000];
        java.util.Arrays.fill(huge, (byte) '[');
        List<byte[]> garbage = List.of(new byte[0], new byte[] {(byte) 0xff, 0, 1}, bytes("null"), bytes("[]"), bytes("{\"v\":1"),
                bytes("{\"v\":1,\"epoch\":\"x\",\"seq\":1,\"runId\":1,\"intervalMs\":1e3,\"action\":\"keep\",\"leaseMs\":1}"), huge);
        for (byte[] value : garbage) {
            tuner.send(key, value);
            tuner.send(null, value);
        }
        tuner.send(key, null);
        tuner.command(key, "a run that is gone", 100, LEASE_MS);
        tuner.command(key, run, 100, LEASE_MS, "keep", null);
        JsonNode beat = tuner.awaitHeartbeat("managed after the garbage", run, m -> m.get("managed").asBoolean());
        assertEquals(garbage.size() + 1, beat.at("/stats/refusedBy/malformed").asLong());
        assertEquals(1, beat.at("/stats/refusedBy/runId").asLong());
        assertEquals(0, beat.at("/stats/adviceErrors").asLong());
        assertTrue(job.isAlive());
        job.stop("pestered");
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    @Proves(Promise.BOUNDS)
    void decisionsAreClampedAndTheWayRoundIsTimedOnce() throws Exception {
        String run = stage.longWait("clamped");
        JsonNode end = stage.waiting(run);
        long cause = end.get("seq").asLong();
        long first = tuner.command("it/clamped", run, 1, LEASE_MS, "shorten", cause);
        tuner.command("it/clamped", run, 50, LEASE_MS, "keep", cause);
        // The counts are of when it was written, the rest is of the beat itself.
        JsonNode beat = tuner.awaitHeartbeat("both applied", run,
                m -> m.at("/stats/applied").asLong() == 2 && m.at("/applied/seq").asLong() == first + 1);
        assertEquals(50, beat.get("intervalMs").asLong());
        assertEquals(1, beat.at("/stats/clamped").asLong());
        assertEquals(1, beat.at("/stats/roundTrip/count").asLong());
        job.stop("clamped");
    }

    @Test
    @Proves(Promise.ZERO)
    void aJobWithoutAnIntervalIsSlowedDownAndGivenBack() throws Exception {
        String run = job.start("eager", "eager", "0s");
        assertEquals(0, stage.attached(run).get("configuredMs").asLong());
        tuner.command("it/eager", run, 800, LEASE_MS, "lengthen", null);
        JsonNode first = tuner.await("managed trigger", run, "trigger", m -> Tuner.isStart(m) && m.get("managed").asBoolean());
        JsonNode next = tuner.nextStart(run, first);
        long apart = Stage.startMs(next) - Stage.startMs(first);
        assertTrue(apart >= 799, apart + " ms at a commanded interval of 800");
        tuner.command("it/eager", run, 800, 1, "keep", null);
        JsonNode beat = tuner.awaitHeartbeat("the lease ended", run, m -> m.at("/stats/expired").asLong() == 1);
        tuner.awaitHeartbeat("back to back again", run,
                m -> m.at("/counters/triggers").asLong() > beat.at("/counters/triggers").asLong() + 5);
        assertEquals(0, beat.at("/stats/adviceErrors").asLong());
        job.stop("eager");
    }
}
