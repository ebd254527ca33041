package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the commands promise to a driver whose queries run already, which was started without the agent. */
class AttachIT {
    /** Of the live query; long enough that no trigger of its own is late for the next, however busy the machine. */
    private static final long LIVE_MS = 5_000;

    private static Broker broker;
    private static Tuner tuner;
    private static Driver job;
    private static Path folder;

    @BeforeAll
    static void start() throws Exception {
        folder = Driver.folder("attach");
        broker = new Broker(folder.resolve("broker"));
        job = Driver.of(Spark.BUILT, folder.resolve("spark.log"));
        broker.start();
        tuner = new Tuner(broker.address(), "late");
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
        broker.close();
    }

    /** When the live query's triggers began, by Spark's own word. */
    private static List<Long> starts() throws Exception {
        return job.told("live").starts();
    }

    /** From the first of these triggers to the last, one began at each multiple of the live query's own interval. */
    private static void assertNoneSkipped(List<Long> starts) {
        List<Long> multiples = starts.stream().map(start -> start / LIVE_MS).toList();
        assertEquals(LongStream.rangeClosed(multiples.get(0), multiples.get(multiples.size() - 1)).boxed().toList(), multiples);
    }

    private static String attach() throws Exception {
        AgentCommand command = AgentCommand.run("attach", job.pid(), "brokers=" + broker.address(), "prefix=late");
        assertEquals(0, command.exitCode(), command.toString());
        assertTrue(command.out().startsWith("hooks active"), command.toString());
        return command.out();
    }

    private static String detach() throws Exception {
        AgentCommand command = AgentCommand.run("detach", job.pid());
        assertEquals(0, command.exitCode(), command.toString());
        return command.out();
    }

    private static JsonNode batch(String run, long id) throws Exception {
        return tuner.await("batch " + id, run, "trigger", m -> !Tuner.isStart(m) && m.get("batchId").asLong(-1) == id);
    }

    /** The threads of the driver, as the JVM lists them. */
    private static String threads() throws Exception {
        String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
        Process process = new ProcessBuilder(jcmd, job.pid(), "Thread.print").start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    void runningQueriesAreManagedGivenBackAndManagedAgainWithoutLosingATriggerOrALine() throws Exception {
        Path copied = folder.resolve("copied");
        String live = job.start("live", "live", LIVE_MS + "ms", "checkpoint=yes", "sink=json:" + copied, Told.OF_ALL);
        String waiting = job.start("waiting", "waiting", Stage.LONG_MS + "ms");
        String eager = job.start("eager", "eager", "0s");
        job.add("live", "0");
        Await.until("the first batch, which loads Spark's classes, is over", () -> job.told("live").batches() == 1);
        int before = starts().size();
        job.awaitTriggers("live", 1);
        String report = attach();
        for (String alias : List.of("live", "waiting", "eager")) {
            assertTrue(report.contains("it/" + alias), report);
        }
        // Known by its thread: its wait of ten minutes goes on as Spark began it.
        JsonNode introduced = tuner.await("the waiting query is introduced", waiting, "started", m -> true);
        assertTrue(introduced.get("hooksActive").asBoolean() && introduced.get("manageable").asBoolean());
        assertTrue(tuner.all(waiting, "trigger").isEmpty(), "its wait was cut");
        JsonNode trigger = tuner.await("a trigger of the live query", live, "trigger", Tuner::isStart);
        tuner.nextStart(live, trigger);
        job.awaitTriggers("live", 1);
        assertNoneSkipped(starts().subList(before, starts().size()));
        JsonNode held = tuner.obeyed("it/live", live, 200, Stage.LEASE_MS, 0);
        tuner.obeyed("it/eager", eager, 300, Stage.LEASE_MS, 0);
        job.add("live", "1");
        batch(live, 1);
        tuner.obeyed("it/live", live, Stage.LONG_MS, Stage.LEASE_MS, held.get("seq").asLong());

        before = starts().size();
        assertTrue(detach().contains("as they were"));
        Await.until("no thread of the agent is left", () -> !threads().contains("rubato-"));
        long lastSeq = tuner.lastSeq(live);
        job.add("live", "2");
        job.awaitTriggers("live", 1);

        attach();
        JsonNode again = tuner.await("it goes on from where it was", live, "started", m -> m.get("seq").asLong() > lastSeq);
        assertFalse(again.get("managed").asBoolean());
        assertEquals(LIVE_MS, again.get("intervalMs").asLong());
        tuner.await("a trigger on its own interval, not on ten minutes", live, "trigger",
                m -> Tuner.isStart(m) && m.get("seq").asLong() > lastSeq);
        job.awaitTriggers("live", 1);
        assertNoneSkipped(starts().subList(before, starts().size()));
        tuner.obeyed("it/live", live, 200, Stage.LEASE_MS, lastSeq);
        job.add("live", "3");
        batch(live, 3);
        JsonNode beat = tuner.awaitHeartbeat("counted", live, m -> m.get("seq").asLong() > lastSeq + 20);
        assertEquals(0, beat.at("/stats/adviceErrors").asLong());
        for (String alias : List.of("live", "waiting", "eager")) {
            assertTrue(job.stop(alias) < Stage.HUNG_MS, "stop of " + alias);
        }
        for (String run : List.of(live, waiting, eager)) {
            assertTrue(tuner.await("terminated", run, "terminated", m -> true).get("exception").isNull());
        }
        assertTrue(detach().contains("as they were"));
        assertEquals(List.of("{\"value\":\"0\"}", "{\"value\":\"1\"}", "{\"value\":\"2\"}", "{\"value\":\"3\"}"),
                Outputs.written(copied));
    }
}
