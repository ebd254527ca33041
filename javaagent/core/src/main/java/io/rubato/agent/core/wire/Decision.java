package io.rubato.agent.core.wire;

/** One message of the tuner, as it parsed. */
public final class Decision {
    public final long epoch;
    public final long seq;
    public final String runId;
    public final long intervalMs;
    public final boolean release;
    public final long leaseMs;
    /** The sequence of the message that caused it, or -1. */
    public final long causeSeq;

    public Decision(long epoch, long seq, String runId, long intervalMs, boolean release, long leaseMs, long causeSeq) {
        this.epoch = epoch;
        this.seq = seq;
        this.runId = runId;
        this.intervalMs = intervalMs;
        this.release = release;
        this.leaseMs = leaseMs;
        this.causeSeq = causeSeq;
    }
}
