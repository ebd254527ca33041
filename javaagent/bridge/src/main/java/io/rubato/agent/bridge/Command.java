package io.rubato.agent.bridge;

/** One decision that was accepted: immutable, so that one read of the reference is one consistent command. */
public final class Command {
    public final long epoch;
    public final long seq;
    /** The interval to hold, in milliseconds, already within the agent's bounds. */
    public final long intervalMs;
    /** When the lease ends, on {@link Clock#nanos()}. */
    public final long leaseEndNs;

    public Command(long epoch, long seq, long intervalMs, long leaseEndNs) {
        this.epoch = epoch;
        this.seq = seq;
        this.intervalMs = intervalMs;
        this.leaseEndNs = leaseEndNs;
    }

    /** Whether the lease still holds at this monotonic time. */
    public boolean inForce(long nowNs) {
        return nowNs - leaseEndNs < 0;
    }

    /** What is left of the lease in whole milliseconds, never negative. */
    public long leaseLeftMs(long nowNs) {
        return Math.max(0, (leaseEndNs - nowNs) / 1_000_000);
    }
}
