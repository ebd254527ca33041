package io.rubato.agent.core.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.rubato.agent.bridge.Hook;
import io.rubato.agent.bridge.RunState;
import java.util.Collections;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CommanderTest {
    private static final String KEY = "app/q";

    private final Fixture fixture = new Fixture();
    private final RunState run = fixture.begin("q", "run-1", true);
    private final TrackedRun tracked = fixture.tracked("run-1");

    private long interval() {
        return run.inForce(System.nanoTime()) == null ? 0 : run.inForce(System.nanoTime()).intervalMs;
    }

    private void decide(long epoch, long seq, long intervalMs) {
        fixture.decide(KEY, "run-1", epoch, seq, intervalMs, 60_000, "keep", "null");
    }

    @Test
    void decisionsAreObeyedInTheOrderOfEpochAndSequence() {
        decide(1, 5, 500);
        decide(1, 5, 600);
        decide(1, 4, 700);
        decide(0, 99, 800);
        assertEquals(500, interval());
        assertEquals(3, tracked.refusedBy().get("order"));
        decide(1, 6, 900);
        assertEquals(900, interval());
        decide(2, 1, 1_000);
        assertEquals(1_000, interval());
        assertEquals(3, tracked.applied());
    }

    @Test
    void theOrderOutlivesTheRun() {
        decide(1, 5, 500);
        fixture.runs.end(tracked, null);
        RunState again = fixture.begin("q", "run-2", true);
        fixture.decide(KEY, "run-2", 1, 5, 500, 60_000, "keep", "null");
        assertNull(again.inForce(System.nanoTime()));
        fixture.decide(KEY, "run-2", 1, 6, 500, 60_000, "keep", "null");
        assertNotNull(again.inForce(System.nanoTime()));
    }

    @Test
    void theOrderOutlivesADetachment() {
        decide(1, 5, 500);
        Fixture later = new Fixture(Collections.singletonMap("run-1", run.tally()));
        RunState again = later.begin("q", "run-1", true);
        later.decide(KEY, "run-1", 1, 5, 500, 60_000, "keep", "null");
        assertNull(again.inForce(System.nanoTime()));
        assertEquals(1, later.tracked("run-1").refusedBy().get("order"));
        later.decide(KEY, "run-1", 1, 6, 500, 60_000, "keep", "null");
        assertNotNull(again.inForce(System.nanoTime()));
    }

    @Test
    void theIntervalIsClampedToTheAgentsBoundsAndCounted() {
        decide(1, 1, 1);
        assertEquals(100, interval());
        decide(1, 2, 1_000_000);
        assertEquals(10_000, interval());
        decide(1, 3, 10_000);
        assertEquals(2, tracked.clamped());
    }

    @Test
    void aRunIdThatIsGoneIsRefused() {
        fixture.decide(KEY, "run-0", 1, 1, 500, 60_000, "keep", "null");
        assertNull(run.inForce(System.nanoTime()));
        assertEquals(1, tracked.refusedBy().get("runId"));
    }

    @Test
    void aRunThatCannotBeManagedRefuses() {
        RunState other = fixture.begin("once", "run-9", false);
        fixture.decide("app/once", "run-9", 1, 1, 500, 60_000, "keep", "null");
        assertNull(other.inForce(System.nanoTime()));
        assertEquals(1, fixture.tracked("run-9").refusedBy().get("unmanageable"));
    }

    @Test
    void withoutEveryRequiredHookNoCommandIsTaken() {
        Hook.EVENT.deactivated();
        decide(1, 1, 500);
        assertEquals(0, interval());
        assertEquals(1, tracked.refusedBy().get("hooks"));
    }

    @Test
    void aReleaseOrALeaseOfNothingEndsTheCommand() {
        decide(1, 1, 500);
        fixture.decide(KEY, "run-1", 1, 2, 500, 60_000, "release", "null");
        assertEquals(0, interval());
        decide(1, 3, 500);
        fixture.decide(KEY, "run-1", 1, 4, 500, 0, "keep", "null");
        assertEquals(0, interval());
        assertEquals(0, run.expired());
    }

    @Test
    void anAbsurdLeaseIsCutToAnHour() {
        fixture.decide(KEY, "run-1", 1, 1, 500, Long.MAX_VALUE, "keep", "null");
        long left = run.inForce(System.nanoTime()).leaseLeftMs(System.nanoTime());
        assertEquals(Commander.LONGEST_LEASE_MS, left, 60_000);
    }

    @Test
    void twoLiveRunsUnderOneKeyRefuseUntilOneOfThemEnds() {
        decide(1, 1, 500);
        RunState twin = fixture.begin("q", "run-2", true);
        assertEquals(0, interval());
        decide(1, 2, 500);
        fixture.decide(KEY, "run-2", 1, 3, 500, 60_000, "keep", "null");
        assertNull(twin.inForce(System.nanoTime()));
        assertEquals(1, fixture.tracked("run-2").refusedBy().get("conflict"));
        fixture.runs.end(fixture.tracked("run-2"), null);
        decide(1, 4, 500);
        assertEquals(500, interval());
    }

    @Test
    void onlyTheFirstApplicationForAMessageIsTimed() {
        tracked.sent(7, System.nanoTime() - 3_000_000);
        fixture.decide(KEY, "run-1", 1, 1, 500, 60_000, "shorten", "7");
        fixture.decide(KEY, "run-1", 1, 2, 500, 60_000, "shorten", "7");
        fixture.decide(KEY, "run-1", 1, 3, 500, 60_000, "shorten", "8");
        fixture.decide(KEY, "run-1", 1, 4, 500, 60_000, "shorten", "0");
        decide(1, 5, 500);
        assertEquals(1, IntStream.range(0, tracked.roundTripBuckets()).mapToLong(tracked::roundTrips).sum());
    }

    @Test
    void aDecisionForAQueryOfAnotherDriverPassesBy() {
        fixture.commander.take("app/elsewhere", new byte[] {1});
        fixture.commander.take(null, new byte[] {1});
        assertEquals(0, tracked.refusedBy().size());
    }

    @Test
    void aCommandRefusedForItsSignatureIsCountedByReasonForItsOwnQueryAlone() {
        fixture.commander.refuse(KEY, Refusal.UNSIGNED);
        fixture.commander.refuse(KEY, Refusal.SIGNATURE);
        fixture.commander.refuse(KEY, Refusal.SIGNATURE);
        fixture.commander.refuse("app/elsewhere", Refusal.SIGNATURE);
        assertEquals(0, interval());
        assertEquals(1, tracked.refusedBy().get("unsigned"));
        assertEquals(2, tracked.refusedBy().get("signature"));
        assertEquals(2, tracked.refusedBy().size());
    }
}
