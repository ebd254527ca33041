package io.rubato.agent.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RunStateTest {
    private static final long CONFIGURED = 2_000;
    private static final long NEVER = Long.MAX_VALUE / 4;

    private final VirtualClock clock = new VirtualClock();
    private final RecordingObserver observer = new RecordingObserver();
    private final RunState run = state(CONFIGURED, true);
    private long commands;

    @BeforeEach
    void hook() {
        Hook.WAIT.activated();
    }

    @AfterEach
    void unhook() {
        Hook.deactivateAll();
    }

    private RunState state(long configuredMs, boolean manageable) {
        RunIdentity identity = new RunIdentity("app/q", "app-1", "app", "id", "run", "q", "3.5.7", "ProcessingTime",
                configuredMs, manageable);
        return new RunState(identity, new Object(), clock, observer);
    }

    private Command command(long intervalMs, long leaseMs) {
        return new Command(1, ++commands, intervalMs, clock.nanos + leaseMs * 1_000_000);
    }

    /** What Spark's loop does between two triggers of an unmanaged run. */
    private long ownTurn(RunState of, long configuredMs) {
        assertEquals(0, of.beginTurn(clock.wallMs));
        long target = Arithmetic.sparksNextTrigger(clock.wallMs, configuredMs);
        of.ownNextTrigger(target);
        return target;
    }

    @Test
    void anUnmanagedRunWaitsForSparksOwnMultipleToTheMillisecond() throws InterruptedException {
        long target = ownTurn(run, CONFIGURED);
        clock.pass(300);
        assertEquals(target, run.awaitNextTrigger(target));
        assertEquals(0, target % CONFIGURED);
    }

    @Test
    void aRunGivenBackInItsBatchWaitsForSparksOwnMultipleAndIsThenFreeOfOurTarget() throws InterruptedException {
        run.apply(command(30_000, 60_000));
        long start = clock.wallMs;
        long target = run.beginTurn(start);
        assertTrue(run.holdsOurTarget());
        run.retire();
        assertTrue(run.holdsOurTarget(), "the loop comes to its wait with our target");
        run.apply(command(30_000, 60_000));
        clock.pass(250);
        assertEquals(Arithmetic.sparksNextTrigger(start, CONFIGURED), run.awaitNextTrigger(target));
        assertFalse(run.holdsOurTarget());
        ownTurn(run, CONFIGURED);
        assertFalse(run.holdsOurTarget());
    }

    @Test
    void aLaterAgentGoesOnCountingWhereAnEarlierOneLeftTheRun() {
        ownTurn(run, CONFIGURED);
        run.batchConstructed(false);
        run.nextMessageSeq();
        run.drops.set(3);
        ownTurn(run, CONFIGURED);
        run.batchConstructed(true);
        run.endBatch(1);
        run.apply(command(700, 0));
        assertNull(run.inForce(clock.nanos));
        RunState later = state(CONFIGURED, true);
        later.goOnFrom(run.tally());
        ownTurn(later, CONFIGURED);
        later.batchConstructed(false);
        assertEquals(3, later.triggers());
        assertEquals(1, later.batches());
        assertEquals(1, later.expired());
        assertEquals(2, later.emptyTriggers());
        assertEquals(2, later.nextMessageSeq());
        assertEquals(3, later.drops.get());
    }

    @Test
    void aCoreThatFailsDoesNotChangeWhenTheNextTriggerComes() throws InterruptedException {
        observer.toThrow = new OutOfMemoryError("ours");
        long before = StreamHooks.adviceErrors();
        run.apply(command(700, 60_000));
        long start = clock.wallMs;
        long target = run.beginTurn(start);
        assertEquals(start + 700, target);
        assertEquals(start + 700, run.awaitNextTrigger(target));
        assertEquals(before + 2, StreamHooks.adviceErrors());
    }

    @Test
    void noTargetOfOursIsHandedOutWhereTheWaitForItWouldBeSparks() {
        run.apply(command(3_600_000, 60_000));
        Hook.WAIT.deactivated();
        ownTurn(run, CONFIGURED);
        Hook.WAIT.activated();
        assertEquals(clock.wallMs + 3_600_000, run.beginTurn(clock.wallMs));
    }

    @Test
    void aTurnWhoseStartWasNotSeenKeepsSparksOwnWait() throws InterruptedException {
        run.ownNextTrigger(clock.wallMs + CONFIGURED);
        run.apply(command(500, 60_000));
        assertEquals(0, run.awaitNextTrigger(clock.wallMs + CONFIGURED));
        assertEquals(0, clock.waits);
    }

    @Test
    void aTurnWhoseStartWasNotSeenIsNotCounted() {
        run.batchConstructed(true);
        run.endBatch(4);
        run.batchConstructed(false);
        assertEquals(0, run.triggers() + run.batches() + run.emptyTriggers());
    }

    @Test
    void aManagedRunStartsItsNextTriggerOneIntervalAfterTheLast() throws InterruptedException {
        run.apply(command(700, 60_000));
        long start = clock.wallMs;
        long target = run.beginTurn(start);
        assertEquals(start + 700, target);
        clock.pass(250);
        assertEquals(start + 700, run.awaitNextTrigger(target));
    }

    @Test
    void aManagedRunWhoseBatchTookLongerThanItsIntervalDoesNotWait() throws InterruptedException {
        run.apply(command(700, 60_000));
        long target = run.beginTurn(clock.wallMs);
        clock.pass(900);
        assertEquals(clock.wallMs, run.awaitNextTrigger(target));
        assertEquals(0, clock.waits);
    }

    @Test
    void aShorterIntervalCutsTheWaitInProgress() throws InterruptedException {
        run.apply(command(30_000, 60_000));
        long start = clock.wallMs;
        long target = run.beginTurn(start);
        clock.at(4_000, () -> run.apply(command(5_000, 60_000)));
        assertEquals(start + 5_000, run.awaitNextTrigger(target));
    }

    @Test
    void theFirstCommandWakesAnUnmanagedWait() throws InterruptedException {
        RunState slow = state(30_000, true);
        long start = clock.wallMs;
        long target = ownTurn(slow, 30_000);
        clock.at(1_500, () -> slow.apply(command(100, 60_000)));
        assertEquals(start + 1_500, slow.awaitNextTrigger(target));
    }

    @Test
    void aLeaseThatEndsInsideTheWaitGivesSparksOwnTimeForThatTriggerBack() throws InterruptedException {
        run.apply(command(30_000, 1_000));
        long start = clock.wallMs;
        long target = run.beginTurn(start);
        assertEquals(start / CONFIGURED * CONFIGURED + CONFIGURED, run.awaitNextTrigger(target));
        assertEquals(1, run.expired());
        assertNull(run.inForce(clock.nanos));
    }

    @Test
    void aLeaseThatEndsAfterSparksOwnTimeEndsTheWaitAtOnce() throws InterruptedException {
        run.apply(command(30_000, 7_500));
        long start = clock.wallMs;
        assertEquals(start + 7_500, run.awaitNextTrigger(run.beginTurn(start)));
    }

    @Test
    void aReleaseGivesSparksOwnTimeBackAtOnce() throws InterruptedException {
        run.apply(command(30_000, 60_000));
        long start = clock.wallMs;
        long target = run.beginTurn(start);
        clock.at(300, () -> run.release(null));
        assertEquals(start / CONFIGURED * CONFIGURED + CONFIGURED, run.awaitNextTrigger(target));
    }

    @Test
    void aNamesakeTakesTheCommandAway() {
        run.apply(command(30_000, 60_000));
        run.setConflict(true);
        assertEquals(0, run.beginTurn(clock.wallMs));
    }

    @Test
    void aWallClockThatIsSetBackDoesNotLengthenAManagedWait() throws InterruptedException {
        run.apply(command(5_000, 60_000));
        long before = clock.nanos;
        long target = run.beginTurn(clock.wallMs);
        clock.at(500, () -> clock.wallMs -= 3_600_000);
        run.awaitNextTrigger(target);
        assertEquals(5_000, (clock.nanos - before) / 1_000_000);
    }

    @Test
    void anUnmanagedWaitSoonSeesThatTheWallClockWasSetForward() throws InterruptedException {
        RunState slow = state(3_600_000, true);
        long target = ownTurn(slow, 3_600_000);
        assertTrue(target - clock.wallMs > 10 * RunState.LONGEST_SLEEP_MS, "a long wait");
        long before = clock.nanos;
        clock.setForward(500, target - clock.wallMs);
        assertTrue(slow.awaitNextTrigger(target) >= target);
        assertEquals(RunState.LONGEST_SLEEP_MS, (clock.nanos - before) / 1_000_000);
    }

    @Test
    void aWaitForAnotherTimeIsNotTheLoopsAndIsLeftAlone() throws InterruptedException {
        long target = ownTurn(run, CONFIGURED);
        assertEquals(0, run.awaitNextTrigger(target + 1));
        assertEquals(0, clock.waits);
        assertTrue(run.awaitNextTrigger(target) > 0);
        assertEquals(0, run.awaitNextTrigger(target), "the same time twice");
    }

    @Test
    void aRunThatIsNotManageableIsNeverHeld() throws InterruptedException {
        RunState other = state(CONFIGURED, false);
        other.apply(command(100, 60_000));
        assertEquals(0, other.beginTurn(clock.wallMs));
        other.ownNextTrigger(clock.wallMs + 5);
        assertEquals(0, other.awaitNextTrigger(clock.wallMs + 5));
        assertEquals(0, other.intervalSeen(0));
    }

    @Test
    void aChangeAtAnyInstantGivesOneIntervalOrTheOtherAndNeverAMixture() throws InterruptedException {
        AtomicBoolean stop = new AtomicBoolean();
        Command[] choices = {new Command(1, 1, 2_000, NEVER), new Command(1, 2, 2_010, NEVER)};
        Thread flipper = new Thread(() -> {
            for (int i = 0; !stop.get(); i++) {
                if (i % 3 == 2) {
                    run.release(null);
                } else {
                    run.apply(choices[i % 3]);
                }
            }
        });
        flipper.start();
        Set<Long> targets = new HashSet<>();
        Set<Long> intervals = new HashSet<>();
        try {
            for (long now = 0; now < 50_000 || targets.size() < 3 || intervals.size() < 3; now++) {
                long next = run.beginTurn(now);
                targets.add(next == 0 ? 0 : next - now);
                if (next == 0) {
                    run.ownNextTrigger(now);
                }
                intervals.add(run.intervalSeen(0));
            }
            Set<Long> each = new HashSet<>(Arrays.asList(0L, 2_000L, 2_010L));
            assertEquals(each, targets);
            assertEquals(each, intervals);
        } finally {
            stop.set(true);
            flipper.join();
        }
    }

    @Test
    void aJobWithoutAnIntervalIsSlowedButNeverDividesByOurs() throws InterruptedException {
        RunState eager = state(0, true);
        assertEquals(0, eager.beginTurn(clock.wallMs));
        eager.apply(command(800, 60_000));
        assertEquals(0, eager.intervalSeen(0), "inside Spark's own arithmetic");
        long start = clock.wallMs;
        eager.ownNextTrigger(start);
        assertEquals(800, eager.intervalSeen(0));
        assertEquals(start + 800, eager.awaitNextTrigger(start));
    }

    @Test
    void theEndOfATurnWithoutAWaitIsToldAtTheNext() {
        RunState eager = state(0, true);
        ownTurn(eager, 0);
        eager.batchConstructed(false);
        ownTurn(eager, 0);
        assertEquals(Arrays.asList("start", "end empty", "start"), observer.told);
    }

    @Test
    void triggersEmptyTriggersAndBatchesAreCounted() throws InterruptedException {
        long target = ownTurn(run, CONFIGURED);
        run.batchConstructed(false);
        run.awaitNextTrigger(target);
        target = ownTurn(run, CONFIGURED);
        run.batchConstructed(true);
        clock.pass(40);
        run.endBatch(7);
        clock.pass(10);
        run.awaitNextTrigger(target);
        assertEquals(2, run.triggers());
        assertEquals(1, run.emptyTriggers());
        assertEquals(1, run.batches());
        assertEquals(7, run.batchId());
        assertEquals(10_000_000, run.triggerEndNs() - run.batchEndNs());
        assertEquals(Arrays.asList("start", "end empty", "start", "follows", "end batch"), observer.told);
    }

    @Test
    void noTurnTellsOfTheBatchOfAnEarlierOne() {
        Hook.BATCH_END.activated();
        ownTurn(run, CONFIGURED);
        run.batchConstructed(true);
        run.endBatch(7);
        ownTurn(run, CONFIGURED);
        assertEquals(-1, run.batchId());
        assertEquals(Outcome.UNKNOWN, run.outcome());
        clock.pass(10);
        run.batchConstructed(true);
        ownTurn(run, CONFIGURED);
        assertEquals(run.triggerEndNs(), run.batchEndNs(), "of the batch that failed");
        assertEquals(Arrays.asList("start", "follows", "end batch", "start", "follows", "end unknown", "start"), observer.told);
    }

    @Test
    void aTurnThatOnlyFindsTheQueryStoppedInALengthenedWaitIsNoTrigger() {
        long target = ownTurn(run, CONFIGURED);
        run.batchConstructed(false);
        run.apply(command(60_000, 90_000));
        clock.pass(2 * CONFIGURED);
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> run.awaitNextTrigger(target));
        ownTurn(run, CONFIGURED);
        assertEquals(1, run.triggers());
        run.release(null);
        ownTurn(run, CONFIGURED);
        run.exit();
        assertEquals(2, run.triggers(), "a loop that goes on after all is counted again");
        assertEquals(Arrays.asList("start", "end empty", "start", "end unknown", "exited", "left"), observer.told);
    }

    @Test
    void aBatchThatFailedIsOfUnknownOutcome() {
        Hook.BATCH_END.activated();
        ownTurn(run, CONFIGURED);
        run.batchConstructed(true);
        run.exit();
        assertEquals(Arrays.asList("start", "follows", "end unknown", "exited", "left"), observer.told);
        assertEquals(0, run.batches());
    }

    @Test
    void sparksWarningIsLeftOutOnlyWhileTheIntervalInEffectIsKept() {
        assertFalse(run.keepsUp(5_000), "unmanaged");
        run.apply(command(30_000, 60_000));
        assertTrue(run.keepsUp(5_000));
        assertFalse(run.keepsUp(30_001));
    }

    @Test
    void aBatchFallsBehindTheIntervalInEffectAndNotBehindTheConfiguredOne() {
        ownTurn(run, CONFIGURED);
        assertEquals(CONFIGURED, run.intervalSeen(CONFIGURED), "unmanaged");
        run.apply(command(30_000, 60_000));
        assertEquals(30_000, run.intervalSeen(CONFIGURED));
        run.release(null);
        assertEquals(CONFIGURED, run.intervalSeen(CONFIGURED));
    }
}
