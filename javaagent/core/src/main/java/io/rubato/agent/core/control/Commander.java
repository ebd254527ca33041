package io.rubato.agent.core.control;

import io.rubato.agent.bridge.Command;
import io.rubato.agent.bridge.Hook;
import io.rubato.agent.core.AgentLog;
import io.rubato.agent.core.Options;
import io.rubato.agent.core.wire.Decision;
import io.rubato.agent.core.wire.DecisionDecoder;
import io.rubato.agent.core.wire.MalformedDecision;
import java.util.List;
import java.util.Map;

/** Obeys the tuner, within bounds. Used by the receiver's thread alone. */
public final class Commander {
    /** No lease is longer, whatever a decision says. */
    static final long LONGEST_LEASE_MS = 3_600_000;

    private static final long COMPLAIN_EVERY_NS = 60_000_000_000L;
    private static final int KEYS_REMEMBERED = 1_000;

    private final Options options;
    private final Runs runs;
    private final DecisionDecoder decoder = new DecisionDecoder();
    private final Map<String, Command> newest = new Remembered<>(KEYS_REMEMBERED);
    private boolean complained;
    private long complainedNs;

    public Commander(Options options, Runs runs) {
        this.options = options;
        this.runs = runs;
    }

    /** Takes one record of the decisions topic. Records for queries of other JVMs pass by. */
    public void take(String key, byte[] value) {
        if (key == null) {
            complain("a decision without a key", System.nanoTime());
            return;
        }
        List<TrackedRun> addressed = runs.byKey(key);
        if (addressed.isEmpty()) {
            return;
        }
        try {
            Decision decision = decoder.decode(value);
            for (TrackedRun run : addressed) {
                take(run, decision);
            }
        } catch (MalformedDecision malformed) {
            for (TrackedRun run : addressed) {
                run.refuse(Refusal.MALFORMED);
            }
            complain("a decision for " + key + " does not parse (" + malformed.getMessage() + ")", System.nanoTime());
        }
    }

    /** Refuses one record of the decisions topic unread. Said once for each reason: a stranger may send many. */
    public void refuse(String key, Refusal why) {
        for (TrackedRun run : runs.byKey(key)) {
            run.refuse(why);
            AgentLog.warnOnce("refused " + why, "a command for " + key + " is refused, for its signature is "
                    + (why == Refusal.UNSIGNED ? "missing" : "not one of our keys'") + "; such commands are counted from now on");
        }
    }

    private void take(TrackedRun run, Decision decision) {
        long nowNs = run.state.clock().nanos();
        Refusal refusal = refusalOf(run, decision);
        if (refusal != null) {
            run.refuse(refusal);
            AgentLog.debug("refused (" + refusal.wireName + "): epoch " + decision.epoch + " seq " + decision.seq + " for "
                    + run.state.identity.key);
            return;
        }
        long asked = decision.intervalMs;
        long interval = Math.max(options.minMs(), Math.min(options.maxMs(), asked));
        long leaseMs = decision.release ? 0 : Math.min(decision.leaseMs, LONGEST_LEASE_MS);
        Command command = new Command(decision.epoch, decision.seq, interval, nowNs + leaseMs * 1_000_000);
        if (decision.release) {
            run.state.release(command);
        } else if (!run.state.apply(command)) {
            run.refuse(run.state.isConflict() ? Refusal.CONFLICT : Refusal.HOOKS);
            return;
        } else if (interval != asked) {
            run.clamped.incrementAndGet();
        }
        newest.put(run.state.identity.key, command);
        run.applied.incrementAndGet();
        run.closeRoundTrip(decision.causeSeq, run.state.clock().nanos());
    }

    private Refusal refusalOf(TrackedRun run, Decision decision) {
        if (!decision.runId.equals(run.state.identity.runId)) {
            return Refusal.RUN_ID;
        }
        if (!run.state.identity.manageable) {
            return Refusal.UNMANAGEABLE;
        }
        if (run.state.isConflict()) {
            return Refusal.CONFLICT;
        }
        if (!Hook.allRequiredActive()) {
            return Refusal.HOOKS;
        }
        // An agent that was in this JVM before may have obeyed this very one.
        Command last = newest.getOrDefault(run.state.identity.key, run.state.lastApplied());
        boolean newer = last == null || decision.epoch > last.epoch
                || decision.epoch == last.epoch && decision.seq > last.seq;
        return newer ? null : Refusal.ORDER;
    }

    private void complain(String what, long nowNs) {
        if (!complained || nowNs - complainedNs > COMPLAIN_EVERY_NS) {
            complained = true;
            complainedNs = nowNs;
            AgentLog.warn(what + ": skipped; said at most once a minute");
        }
    }
}
