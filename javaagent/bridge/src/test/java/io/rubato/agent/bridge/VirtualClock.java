package io.rubato.agent.bridge;

import java.util.ArrayDeque;
import java.util.Deque;

/** Time that passes in waits alone; what is to happen in the next waits can be laid down. */
final class VirtualClock implements Clock {
    long wallMs = 1_700_000_000_123L;
    long nanos = -5_000_000_000L;
    long waits;
    private long setAtNs = Long.MAX_VALUE;
    private long setByMs;
    private final Deque<Runnable> events = new ArrayDeque<>();
    private final Deque<Long> due = new ArrayDeque<>();

    /** Does this once so many milliseconds have passed, in a wait, and wakes it. */
    void at(long inMs, Runnable event) {
        due.add(nanos + inMs * 1_000_000);
        events.add(event);
    }

    /** Sets the wall clock forward once so many milliseconds have passed, and wakes nobody. */
    void setForward(long inMs, long byMs) {
        setAtNs = nanos + inMs * 1_000_000;
        setByMs = byMs;
    }

    void pass(long millis) {
        wallMs += millis;
        nanos += millis * 1_000_000;
        if (nanos >= setAtNs) {
            wallMs += setByMs;
            setAtNs = Long.MAX_VALUE;
        }
    }

    @Override
    public long wallMs() {
        return wallMs;
    }

    @Override
    public long nanos() {
        return nanos;
    }

    @Override
    public void await(Object monitor, long millis) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        waits++;
        if (!due.isEmpty() && due.peek() - nanos <= millis * 1_000_000) {
            pass((due.poll() - nanos) / 1_000_000);
            events.poll().run();
        } else {
            pass(millis);
        }
    }
}
