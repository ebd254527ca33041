package io.rubato.agent.core.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rubato.agent.bridge.RunState;
import io.rubato.agent.bridge.StreamHooks;
import io.rubato.agent.core.wire.Message;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HeartbeatTest {
    private final Fixture fixture = new Fixture();
    private final Heartbeat heartbeat = new Heartbeat(fixture.runs, fixture.queue, () -> { }, () -> { });

    @AfterEach
    void leave() {
        StreamHooks.forgetAll();
    }

    private static Thread ended(Runnable body) throws InterruptedException {
        Thread thread = new Thread(body);
        thread.start();
        thread.join();
        return thread;
    }

    @Test
    void aRunWhoseThreadEndedBeforeItWasTakenUpMakesWayForItsSuccessorAndIsSaidToHaveEnded() throws InterruptedException {
        RunState lost = fixture.begin("q", "run-1", true);
        StreamHooks.adopt(ended(() -> { }), lost);
        RunState successor = fixture.begin("q", "run-2", true);
        StreamHooks.adopt(Thread.currentThread(), successor);
        assertTrue(successor.isConflict());
        heartbeat.beat();
        assertFalse(successor.isConflict());
        assertTrue(lost.isExited());
        assertFalse(successor.isExited());

        fixture.tracked("run-1").exitedAt(System.nanoTime() - 2 * Heartbeat.GRACE_NS);
        heartbeat.beat();
        assertEquals(1, fixture.runs.all().size());
        assertEquals(Message.Type.TERMINATED, lastOf(lost));
    }

    private Message.Type lastOf(RunState run) {
        Message.Type last = null;
        for (Message next = fixture.queue.poll(); next != null; next = fixture.queue.poll()) {
            last = next.run == run ? next.type : last;
        }
        return last;
    }

    @Test
    void aRunWhoseThreadEndedWithoutLeavingItsLoopIsNotCarriedOn() throws InterruptedException {
        StreamHooks.observeWith(fixture.runs);
        AtomicReference<RunState> run = new AtomicReference<>();
        ended(() -> {
            StreamHooks.runEntered(new Object());
            run.set(StreamHooks.current());
        });
        heartbeat.beat();
        assertTrue(run.get().isExited());
    }

    @Test
    void theWordOfARunThatTriggersAnywayGoesWithItsNextTriggersEndOrTheNextBeat() throws InterruptedException {
        StreamHooks.adopt(Thread.currentThread(), fixture.begin("q", "run-1", true));
        // The first beat introduces the run.
        heartbeat.beat();
        StreamHooks.nextBatchTimeEntered(1_000);
        assertFalse(fixture.wakesTheSender(heartbeat::beat), "it has triggered since the last beat");
        assertTrue(fixture.wakesTheSender(heartbeat::beat), "no trigger came to take it along");
        fixture.decide("app/q", "run-1", 1, 1, 500, 60_000, "keep", "null");
        StreamHooks.nextBatchTimeEntered(2_000);
        assertTrue(fixture.wakesTheSender(heartbeat::beat), "who commands is told at once");
    }
}
