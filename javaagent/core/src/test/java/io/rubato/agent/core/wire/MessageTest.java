package io.rubato.agent.core.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.rubato.agent.bridge.Clock;
import io.rubato.agent.bridge.RunState;
import io.rubato.agent.bridge.StreamHooks;
import io.rubato.agent.core.control.Fixture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MessageTest {
    /** No two looks at it are alike. */
    private final Clock clock = new Clock() {
        private long looks;

        @Override
        public long wallMs() {
            return ++looks;
        }

        @Override
        public long nanos() {
            return ++looks;
        }

        @Override
        public void await(Object monitor, long millis) {
            throw new IllegalStateException("no wait is expected");
        }
    };
    private final Fixture fixture = new Fixture();
    private final RunState run = fixture.begin("q", "run-1", true, clock);

    @AfterEach
    void leave() {
        StreamHooks.forgetAll();
    }

    private Message next(Message.Type type) {
        Message next = fixture.queue.poll();
        assertSame(type, next.type);
        return next;
    }

    @Test
    void aTriggersMessagesBearTheTimesOfItsStartAndOfItsEndAndNotOfTheirMaking() {
        next(Message.Type.STARTED);
        Fixture.turn(run);
        Message start = next(Message.Type.TRIGGER_START);
        assertEquals(run.triggerStartNs(), start.monoNs);
        Fixture.turn(run);
        Message end = next(Message.Type.TRIGGER_END);
        assertEquals(run.triggerEndNs(), end.monoNs);
        assertEquals(run.triggerEndMs(), end.wallMs);
    }
}
