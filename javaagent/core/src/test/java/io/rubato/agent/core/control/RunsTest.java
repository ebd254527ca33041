package io.rubato.agent.core.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

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
        while (fixture.queue.poll() != null) {
            continue;
        }
        Thread sender = new Thread(() -> {
            try {
                fixture.queue.take();
            } catch (InterruptedException stop) {
                // It was never woken.
            }
        });
        sender.start();
        assertEquals(Thread.State.WAITING, afterABatch(sender));
        fixture.decide("app/commanded", "run-2", 1, 1, 500, 60_000, "keep", "null");
        assertEquals(Thread.State.BLOCKED, afterABatch(sender));
        sender.join(10_000);
        assertEquals(Thread.State.TERMINATED, sender.getState());
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

    /** What a sender that waits is in when a batch begins: once woken it wants the monitor that is held here. */
    private Thread.State afterABatch(Thread sender) {
        while (true) {
            synchronized (fixture.queue) {
                if (sender.getState() == Thread.State.WAITING) {
                    fixture.runs.triggerStarted(observed);
                    fixture.runs.batchFollows(observed);
                    return sender.getState();
                }
            }
            Thread.yield();
        }
    }
}
