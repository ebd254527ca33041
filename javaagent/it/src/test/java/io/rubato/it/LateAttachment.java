package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The agent is put into a driver whose query runs, and taken out again, by the tests' own Java. */
interface LateAttachment {
    Stage stage();

    @Test
    @Proves(Promise.ATTACH)
    default void aRunningDriverIsAttachedToAndDetachedFromAgain() throws Exception {
        Stage stage = stage();
        try (Driver job = Driver.of(stage.spark, stage.folder.resolve("late.log"), Stage.ONE_COMPILER)) {
            job.awaitReady();
            String run = job.start("late", "late", "1s", Told.OF_ALL);
            job.add("late");
            job.awaitTriggers("late", 2);
            AgentCommand attach = command("attach", job.pid(), "brokers=" + stage.brokers(), "prefix=it");
            assertTrue(attach.out().startsWith("hooks active"), attach.toString());
            assertTrue(attach.out().contains("it/late"), attach.toString());
            stage.attached(run);
            stage.tuner.obeyed("it/late", run, 200, Stage.LEASE_MS, 0);
            JsonNode managed = stage.tuner.await("a trigger under a command", run, "trigger",
                    m -> Tuner.isStart(m) && m.get("intervalMs").asLong() == 200);
            job.add("late");
            JsonNode batch = stage.tuner.await("a batch", run, "trigger", m -> m.at("/counters/batches").asLong() > 0);
            assertTrue(batch.get("seq").asLong() > managed.get("seq").asLong());

            AgentCommand detach = command("detach", job.pid());
            assertTrue(detach.out().contains("as they were"), detach.toString());
            // The one in course may have begun under the command.
            int before = job.told("late").starts().size() + 1;
            job.awaitTriggers("late", 4);
            List<Long> starts = job.told("late").starts();
            List<Long> seconds = starts.subList(before, starts.size()).stream().map(start -> start / 1_000).toList();
            assertEquals(seconds.stream().distinct().toList(), seconds, "two triggers within an interval of its own");
            assertTrue(job.stop("late") < Stage.HUNG_MS);
        }
    }

    private static AgentCommand command(String... words) throws Exception {
        AgentCommand command = AgentCommand.run(words);
        assertEquals(0, command.exitCode(), command.toString());
        return command;
    }
}
