package io.rubato.agent.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StreamHooksTest {
    private final Object execution = new Object();
    private final RecordingObserver observer = new RecordingObserver();

    @BeforeEach
    void observe() {
        RunIdentity identity = new RunIdentity("app/q", "app-1", "app", "id", "run", "q", "3.5.7", "ProcessingTime",
                3_600_000, true);
        observer.next = new RunState(identity, execution, new SystemClocks(), observer);
        StreamHooks.observeWith(observer);
    }

    @AfterEach
    void leave() {
        observer.toThrow = null;
        StreamHooks.runExited(execution);
        StreamHooks.observeWith(null);
        Thread.interrupted();
    }

    private long enterWithAnHourToWait() {
        StreamHooks.runEntered(execution);
        long now = System.currentTimeMillis();
        assertEquals(0, StreamHooks.nextBatchTimeEntered(now));
        return StreamHooks.nextBatchTimeExited(0, now + 3_600_000);
    }

    @Test
    void onAThreadThatRunsNoQueryEverythingIsSparksOwn() {
        assertEquals(0, StreamHooks.nextBatchTimeEntered(1_000));
        assertEquals(2_000, StreamHooks.nextBatchTimeExited(0, 2_000));
        assertEquals(0, StreamHooks.waitTillTimeEntered(2_000));
        assertEquals(5, StreamHooks.intervalRead(5));
        assertFalse(StreamHooks.fallingBehindEntered(1));
    }

    @Test
    void anInterruptFallsThroughToSparksOwnSleepWithTheFlagSet() {
        long target = enterWithAnHourToWait();
        Thread.currentThread().interrupt();
        assertEquals(0, StreamHooks.waitTillTimeEntered(target));
        assertTrue(Thread.interrupted());
    }

    @Test
    void anInterruptWakesAWaitInProgress() throws InterruptedException {
        CountDownLatch entered = new CountDownLatch(1);
        boolean[] flag = new boolean[1];
        Thread stream = new Thread(() -> {
            long target = enterWithAnHourToWait();
            entered.countDown();
            StreamHooks.waitTillTimeEntered(target);
            flag[0] = Thread.currentThread().isInterrupted();
            StreamHooks.runExited(execution);
        });
        stream.start();
        entered.await();
        stream.interrupt();
        stream.join(30_000);
        assertFalse(stream.isAlive());
        assertTrue(flag[0]);
    }

    @Test
    void anInterruptThatTheThreadsOwnClassDropsIsSetAgain() throws InterruptedException {
        boolean[] flag = new boolean[1];
        class Dropping extends Thread {
            private int toDrop = 5;

            @Override
            public void interrupt() {
                if (toDrop-- <= 0) {
                    super.interrupt();
                }
            }

            @Override
            public void run() {
                StreamHooks.restoreInterrupt(this);
                flag[0] = isInterrupted();
            }
        }
        Thread thread = new Dropping();
        thread.start();
        thread.join();
        assertTrue(flag[0]);
    }

    @Test
    void aFailureOfOursIsCountedAndSparksOwnCodeRuns() {
        StreamHooks.runEntered(execution);
        long before = StreamHooks.adviceErrors();
        observer.toThrow = new IllegalStateException("ours");
        assertEquals(0, StreamHooks.nextBatchTimeEntered(1_000));
        StreamHooks.eventPosted(new Object());
        assertEquals(before + 2, StreamHooks.adviceErrors());
    }

    @Test
    void aThreadThatIsEndedFromOutsideEndsInOurWaitAsInSparks() {
        StreamHooks.runEntered(execution);
        StreamHooks.nextBatchTimeEntered(1_000);
        long target = StreamHooks.nextBatchTimeExited(0, 2_000);
        long before = StreamHooks.adviceErrors();
        observer.toThrow = new ThreadDeath();
        assertThrows(ThreadDeath.class, () -> StreamHooks.waitTillTimeEntered(target));
        assertEquals(before, StreamHooks.adviceErrors());
    }

    @Test
    void anErrorIsToldOnceAndNeverToALaterAgent() {
        IllegalStateException error = new IllegalStateException("ours");
        StreamHooks.adviceError(error);
        assertSame(error, StreamHooks.takeLastError());
        assertNull(StreamHooks.takeLastError());
        StreamHooks.adviceError(error);
        StreamHooks.forgetAll();
        assertNull(StreamHooks.takeLastError());
    }

    @Test
    void aRunThatIsNoneOfOursLeavesTheThreadAsItWas() {
        observer.next = null;
        StreamHooks.runEntered(execution);
        assertNull(StreamHooks.current());
    }

    @Test
    void aRunThatWasEnteredBeforeTheHooksIsMetAtItsNextTurnAndNotHeldInThisOne() {
        StreamHooks.constructEntered(execution);
        assertSame(observer.next, StreamHooks.current());
        StreamHooks.batchConstructed(false);
        assertEquals(0, StreamHooks.waitTillTimeEntered(2_000));
        assertEquals(0, observer.next.triggers() + observer.next.emptyTriggers());
        StreamHooks.nextBatchTimeEntered(2_000);
        StreamHooks.batchConstructed(false);
        assertEquals(1, observer.next.triggers());
        assertEquals(1, observer.next.emptyTriggers());
    }

    @Test
    void anAdoptedRunIsTakenUpByItsOwnThreadAlone() throws InterruptedException {
        Thread stream = new Thread(() -> StreamHooks.nextBatchTimeEntered(1_000));
        StreamHooks.adopt(stream, observer.next);
        assertNull(StreamHooks.current());
        stream.start();
        stream.join();
        assertEquals(1, observer.next.triggers());
    }

    @Test
    void aRunThatIsOnItsThreadAlreadyIsNotGivenToItAgainAfterItsExit() {
        StreamHooks.runEntered(execution);
        StreamHooks.adopt(Thread.currentThread(), observer.next);
        StreamHooks.runExited(execution);
        assertNull(StreamHooks.current());
    }

    @Test
    void aRunThatWasAdoptedAndThenEnteredIsNotGivenToItsThreadAgainAfterItsExit() {
        StreamHooks.adopt(Thread.currentThread(), observer.next);
        StreamHooks.runEntered(execution);
        StreamHooks.runExited(execution);
        assertNull(StreamHooks.current());
    }

    @Test
    void noThreadThatEndsIsHeld() throws InterruptedException {
        Thread ended = new Thread(() -> { });
        ended.start();
        ended.join();
        StreamHooks.adopt(ended, observer.next);
        assertTrue(StreamHooks.ADOPTED.isEmpty());
        CountDownLatch mayEnd = new CountDownLatch(1);
        Thread leaves = new Thread(() -> {
            try {
                mayEnd.await();
            } catch (InterruptedException stop) {
                // It ends all the same.
            }
        });
        leaves.start();
        StreamHooks.adopt(leaves, observer.next);
        mayEnd.countDown();
        leaves.join();
        StreamHooks.adopt(ended, observer.next);
        assertTrue(StreamHooks.ADOPTED.isEmpty());
    }

    @Test
    void aRunThatWasAdoptedAndNotMetIsLetGoToo() throws InterruptedException {
        Thread stream = new Thread(() -> StreamHooks.nextBatchTimeEntered(1_000));
        StreamHooks.adopt(stream, observer.next);
        StreamHooks.forgetAll();
        stream.start();
        stream.join();
        assertEquals(0, observer.next.triggers());
    }

    @Test
    void aRunThatIsNoneOfOursIsAskedForOnce() {
        observer.next = null;
        StreamHooks.constructEntered(execution);
        StreamHooks.constructEntered(execution);
        assertEquals(Collections.singletonList("entered"), observer.told);
        StreamHooks.runExited(execution);
    }

    @Test
    void afterLettingGoNoThreadCarriesARunAndOneThatComesBackIsMetAgain() {
        StreamHooks.runEntered(execution);
        StreamHooks.forgetAll();
        assertNull(StreamHooks.current());
        StreamHooks.constructEntered(execution);
        assertNull(StreamHooks.current());
        StreamHooks.observeWith(observer);
        StreamHooks.constructEntered(execution);
        assertSame(observer.next, StreamHooks.current());
    }

    @Test
    void theThreadCarriesItsRunFromEntryToExit() {
        StreamHooks.runEntered(execution);
        assertSame(observer.next, StreamHooks.current());
        StreamHooks.runExited(new Object());
        assertSame(observer.next, StreamHooks.current(), "another execution's exit");
        StreamHooks.runExited(execution);
        assertNull(StreamHooks.current());
    }
}
