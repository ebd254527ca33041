package io.rubato.agent.core.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rubato.agent.bridge.Hook;
import io.rubato.agent.bridge.RunState;
import io.rubato.agent.core.wire.Message;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import javax.management.openmbean.TabularData;
import org.junit.jupiter.api.Test;

class AgentStatusTest {
    private final Fixture fixture = new Fixture();
    private final AgentStatus status = new AgentStatus("1.2", fixture.runs);

    private RunState commanded(String name, String runId) {
        RunState run = fixture.begin(name, runId, true);
        fixture.decide("app/" + name, runId, 1, 1, 500, 60_000, "keep", "null");
        fixture.decide("app/" + name, runId, 1, 1, 500, 60_000, "keep", "null");
        return run;
    }

    @Test
    void whatEndedRunsCountedIsKept() {
        commanded("a", "run-1");
        commanded("b", "run-2");
        fixture.runs.end(fixture.tracked("run-1"), null);
        for (Message message = fixture.queue.poll(); message != null; message = fixture.queue.poll()) {
            fixture.queue.dropped(message); // its end, too
        }
        assertEquals(2, status.getCommandsApplied());
        assertEquals(Collections.singletonMap("order", 2L), status.getCommandsRefused());
        assertEquals(3, status.getDroppedMessages());
        assertEquals(Collections.singletonList("app/b"), status.getQueries());
        assertEquals(Collections.singletonList("app/b"), status.getManagedQueries());
    }

    @Test
    void theLineNamesEveryFigure() {
        commanded("a", "run-1");
        String line = status.line();
        for (String part : new String[] {"1 queries, 1 managed", "nextBatchTime=0", "advice errors", "messages dropped 0",
            "applied 1", "refused 1 {order=1}", "expired 0"}) {
            assertTrue(line.contains(part), line);
        }
    }

    @Test
    void theLineIsSaidEveryTenMinutesOfHeartbeats() {
        List<String> said = new ArrayList<>();
        Heartbeat heartbeat = new Heartbeat(fixture.runs, fixture.queue, () -> { }, () -> said.add(status.line()));
        for (int beat = 0; beat < 2 * Heartbeat.REPORT_EVERY + 1; beat++) {
            heartbeat.beat();
        }
        assertEquals(2, said.size());
    }

    @Test
    void theBeanIsReadableByAnyJmxClientAndGoesAway() throws Exception {
        commanded("a", "run-1");
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        ObjectName name = new ObjectName(AgentStatus.NAME);
        status.register();
        assertEquals(1L, server.getAttribute(name, "CommandsApplied"));
        assertEquals("", server.getAttribute(name, "MissingHooks"));
        TabularData firings = (TabularData) server.getAttribute(name, "HookFirings");
        CompositeData wait = firings.get(new Object[] {Hook.WAIT.method});
        assertEquals(0L, wait.get("value"));
        status.unregister();
        assertFalse(server.isRegistered(name));
    }
}
