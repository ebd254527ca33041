package io.rubato.agent.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What other threads find, at whatever moment they look. */
class RunStateOrderTest {
    private final VirtualClock clock = new VirtualClock();
    private final List<Boolean> exitedWhenTold = new ArrayList<>();
    private final Observer observer = (Observer) Proxy.newProxyInstance(RunStateOrderTest.class.getClassLoader(),
            new Class<?>[] {Observer.class}, (proxy, method, arguments) -> {
                if (method.getName().equals("runExited")) {
                    exitedWhenTold.add(((RunState) arguments[0]).isExited());
                }
                return null;
            });
    private final RunState run = new RunState(new RunIdentity("app/q", "app-1", "app", "id", "run", "q", "3.5.7",
            "ProcessingTime", 2_000, true), new Object(), clock, observer);

    private Command command(long seq) {
        return new Command(1, seq, 500, clock.nanos + 60_000_000_000L);
    }

    @Test
    void aCommandThatWasJudgedBeforeANamesakeCameIsNotObeyedAfterIt() {
        run.apply(command(1));
        run.setConflict(true);
        run.apply(command(2));
        assertNull(run.inForce(clock.nanos));
        run.setConflict(false);
        run.apply(command(3));
        assertNotNull(run.inForce(clock.nanos));
    }

    @Test
    void aRunThatHasExitedIsUnderNoCommandAndTakesNone() {
        run.apply(command(1));
        Hook.WAIT.activated();
        run.beginTurn(clock.wallMs);
        Hook.WAIT.deactivated();
        assertTrue(run.holdsOurTarget());
        run.exit();
        assertFalse(run.isCommanded());
        assertFalse(run.holdsOurTarget());
        assertFalse(run.apply(command(2)));
        assertFalse(run.isCommanded());
    }

    @Test
    void whoeverSeesThatARunHasExitedFindsWhenItDid() {
        run.exit();
        assertTrue(run.isExited());
        assertEquals(1, exitedWhenTold.size());
        assertFalse(exitedWhenTold.get(0), "seen before the time was noted");
    }
}
