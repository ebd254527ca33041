package io.rubato.agent.bridge;

/** The cumulative counters of a run at one instant, for an agent that takes the run up again later. */
public final class RunTally {
    final long messageSeq;
    final long triggers;
    final long emptyTriggers;
    final long batches;
    final long expired;
    final long drops;

    RunTally(long messageSeq, long triggers, long emptyTriggers, long batches, long expired, long drops) {
        this.messageSeq = messageSeq;
        this.triggers = triggers;
        this.emptyTriggers = emptyTriggers;
        this.batches = batches;
        this.expired = expired;
        this.drops = drops;
    }
}
