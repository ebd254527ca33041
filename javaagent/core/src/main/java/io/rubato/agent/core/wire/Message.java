package io.rubato.agent.core.wire;

import io.rubato.agent.bridge.Command;
import io.rubato.agent.bridge.Outcome;
import io.rubato.agent.bridge.RunState;

/** A run at one instant. Made with the run's monitor held, so that its number fits its place in the queue. */
public final class Message {
    /** The kinds of message. */
    public enum Type {
        STARTED("started", false), TRIGGER_START("trigger", true), TRIGGER_END("trigger", false), PROGRESS("progress", true),
        HEARTBEAT("heartbeat", true), TERMINATED("terminated", false);

        final String wireName;
        /** Whether the run soon has more to say: that data was found, or the trigger's end. */
        final boolean isFollowed;

        Type(String wireName, boolean isFollowed) {
            this.wireName = wireName;
            this.isFollowed = isFollowed;
        }
    }

    public final Type type;
    public final RunState run;
    public final long seq;
    /** Spark's listener event, or null. */
    public final Object event;

    final long wallMs;
    final long monoNs;
    final long triggers;
    final long emptyTriggers;
    final long batches;
    final long drops;
    final boolean inTurn;
    final long triggerStartMs;
    final long triggerStartNs;
    final long intervalMs;
    final boolean managed;
    final boolean conflict;
    final Command applied;
    final long leaseLeftMs;
    final Outcome outcome;
    final long batchId;
    final long batchEndNs;

    private Message(Type type, RunState run, Object event) {
        this.type = type;
        this.run = run;
        this.event = event;
        seq = run.nextMessageSeq();
        long nowNs = run.clock().nanos();
        Command command = run.inForce(nowNs);
        boolean atEnd = type == Type.TRIGGER_END;
        boolean atStart = type == Type.TRIGGER_START;
        wallMs = atEnd ? run.triggerEndMs() : run.clock().wallMs();
        monoNs = atEnd ? run.triggerEndNs() : atStart ? run.triggerStartNs() : nowNs;
        triggers = run.triggers();
        emptyTriggers = run.emptyTriggers();
        batches = run.batches();
        drops = run.drops.get();
        inTurn = run.isTurnOpen();
        triggerStartMs = run.triggerStartMs();
        triggerStartNs = run.triggerStartNs();
        intervalMs = command == null ? run.identity.configuredMs : command.intervalMs;
        managed = command != null;
        conflict = run.isConflict();
        applied = run.lastApplied();
        leaseLeftMs = command == null ? 0 : command.leaseLeftMs(nowNs);
        outcome = run.outcome();
        batchId = run.batchId();
        batchEndNs = run.batchEndNs();
    }

    /** What else there is to say of the run. */
    public RunReport report() {
        return (RunReport) run.companion;
    }

    /** Numbers a message and gives it to the queue in one step, so that the order of both is one. */
    public static void post(Type type, RunState run, Object event, MessageQueue to) {
        synchronized (run) {
            to.offer(new Message(type, run, event));
        }
    }
}
