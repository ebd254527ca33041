package io.rubato.agent.bridge;

/** The cumulative counters of a run at one instant, and its last command, for an agent that takes the run up again later. */
public final class RunTally {
    final long messageSeq;
    final long triggers;
    final long emptyTriggers;
    final long batches;
    final long expired;
    final long drops;
    /** Or null. */
    final Command lastApplied;

    RunTally(long messageSeq, long triggers, long emptyTriggers, long batches, long expired, long drops,
            Command lastApplied) {
        this.messageSeq = messageSeq;
        this.triggers = triggers;
        this.emptyTriggers = emptyTriggers;
        this.batches = batches;
        this.expired = expired;
        this.drops = drops;
        this.lastApplied = lastApplied;
    }
}
