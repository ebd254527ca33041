package io.rubato.agent.core.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rubato.agent.bridge.RunState;
import io.rubato.agent.core.wire.Message;
import java.util.Collections;
import org.junit.jupiter.api.Test;

class RunsTest {
    private final Fixture fixture = new Fixture();
    private final RunState observed = fixture.begin("observed", "run-1", true);

    @Test
    void aBatchWakesTheSenderOnlyWhereAQueryOfTheDriverIsUnderACommand() throws InterruptedException {
        fixture.begin("commanded", "run-2", true);
        assertFalse(fixture.wakesTheSender(this::startABatch));
        fixture.decide("app/commanded", "run-2", 1, 1, 500, 60_000, "keep", "null");
        assertTrue(fixture.wakesTheSender(this::startABatch));
    }

    private void startABatch() {
        fixture.runs.triggerStarted(observed);
        fixture.runs.batchFollows(observed);
    }

    @Test
    void aRunThatEndedDoesNotBeginAgainNorDisturbItsSuccessor() {
        fixture.runs.end(fixture.tracked("run-1"), null);
        RunState successor = fixture.begin("observed", "run-2", true);
        assertNull(fixture.begin("observed", "run-1", true));
        assertFalse(successor.isConflict());
    }

    @Test
    void whileTheAgentLeavesNoRunIsUnderACommandAndNoneBegins() {
        fixture.decide("app/observed", "run-1", 1, 1, 500, 60_000, "keep", "null");
        fixture.runs.close();
        assertFalse(observed.isCommanded());
        assertNull(fixture.begin("late", "run-2", true));
        fixture.decide("app/observed", "run-1", 1, 2, 500, 60_000, "keep", "null");
        assertFalse(observed.isCommanded());
        assertEquals(1, fixture.tracked("run-1").refusedBy().get("hooks"));
    }

    @Test
    void aRunThatEndedHoldsNothingOfSparksWhileItsMessagesWaitForABroker() {
        assertSame(fixture, observed.execution());
        fixture.runs.end(fixture.tracked("run-1"), null);
        assertNull(observed.execution());
        for (Message next = fixture.queue.poll(); next != null; next = fixture.queue.poll()) {
            assertEquals(Collections.emptyList(), next.report().sources());
        }
    }
}
