package io.rubato.agent.core.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rubato.agent.bridge.Hook;
import io.rubato.agent.bridge.RunState;
import io.rubato.agent.bridge.StreamHooks;
import io.rubato.agent.core.wire.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HeartbeatTest {
    private final Fixture fixture = new Fixture();
    private int looks;
    private final Heartbeat heartbeat = new Heartbeat(fixture.runs, fixture.queue, () -> looks++, () -> { });

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
    void aRunThatTakesItsTimeToEndKeepsSparksWordOfHowItEnded() throws InterruptedException {
        RunState run = fixture.begin("q", "run-1", true);
        CountDownLatch mayEnd = new CountDownLatch(1);
        Thread stream = new Thread(() -> {
            try {
                mayEnd.await();
            } catch (InterruptedException stop) {
                // It ends all the same.
            }
        });
        stream.start();
        StreamHooks.adopt(stream, run);
        run.exit();
        fixture.tracked("run-1").exitedAt(System.nanoTime() - 2 * Heartbeat.GRACE_NS);
        heartbeat.beat();
        assertEquals(1, fixture.runs.all().size());
        fixture.tracked("run-1").exitedAt(System.nanoTime() - 2 * Heartbeat.LIVE_GRACE_NS);
        heartbeat.beat();
        assertEquals(0, fixture.runs.all().size(), "nothing is waited for for ever");
        mayEnd.countDown();
        stream.join();
    }

    @Test
    void aRunIsIntroducedWhenItsHooksChangeAndEveryThirtyBeats() throws InterruptedException {
        StreamHooks.adopt(Thread.currentThread(), fixture.begin("q", "run-1", true));
        assertEquals(Arrays.asList(1L, 30L, 60L), introduced(70));
        Hook.WAIT.deactivated();
        assertEquals(Arrays.asList(1L, 20L), introduced(20));
        Hook.WAIT.activated();
        assertEquals(Arrays.asList(1L), introduced(5));
        assertEquals(95, looks);
    }

    /** At which of so many beats. */
    private List<Long> introduced(int most) {
        List<Long> at = new ArrayList<>();
        fixture.queue.poll();
        for (long beat = 1; beat <= most; beat++) {
            heartbeat.beat();
            for (Message next = fixture.queue.poll(); next != null; next = fixture.queue.poll()) {
                if (next.type == Message.Type.STARTED) {
                    at.add(beat);
                }
            }
        }
        return at;
    }

    @Test
    void ofSeveralRunsEachIsAskedAtEachBeatWhetherItTriggers() throws InterruptedException {
        RunState[] runs = {fixture.begin("a", "run-1", true), fixture.begin("b", "run-2", true)};
        Fixture.turn(runs[0]);
        Fixture.turn(runs[1]);
        for (int one = 0; one < 2; one++) {
            Fixture.turn(runs[0]);
            Fixture.turn(runs[1]);
            heartbeat.beat();
            Fixture.turn(runs[one]);
            assertTrue(fixture.wakesTheSender(heartbeat::beat), "the other did not");
            Fixture.turn(runs[1 - one]);
            assertTrue(fixture.wakesTheSender(heartbeat::beat), "and now the one did not");
        }
    }

    @Test
    void theWordOfARunThatTriggersAnywayGoesWithItsNextTriggersEndOrTheNextBeat() throws InterruptedException {
        StreamHooks.adopt(Thread.currentThread(), fixture.begin("q", "run-1", true));
        // The first beat introduces the run.
        heartbeat.beat();
        StreamHooks.waitTillTimeEntered(StreamHooks.nextBatchTimeExited(StreamHooks.nextBatchTimeEntered(1_000), 2_000));
        assertFalse(fixture.wakesTheSender(heartbeat::beat), "a trigger has ended since the last beat");
        StreamHooks.nextBatchTimeEntered(2_000);
        assertTrue(fixture.wakesTheSender(heartbeat::beat), "the trigger in course may take long to end");
        assertTrue(fixture.wakesTheSender(heartbeat::beat), "no trigger came to take it along");
        fixture.decide("app/q", "run-1", 1, 1, 500, 60_000, "keep", "null");
        StreamHooks.nextBatchTimeEntered(3_000);
        assertTrue(fixture.wakesTheSender(heartbeat::beat), "who commands is told at once");
    }
}
