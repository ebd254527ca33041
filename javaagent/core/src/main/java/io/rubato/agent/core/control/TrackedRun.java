package io.rubato.agent.core.control;

import io.rubato.agent.bridge.RunState;
import io.rubato.agent.core.spark.SparkReader;
import io.rubato.agent.core.wire.RunReport;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/** A live run with what the core keeps about it: what was obeyed and refused, and how long the way round took. */
public final class TrackedRun implements RunReport {
    /** How many messages back a cause is looked for: a power of two. */
    private static final int REMEMBERED = 1_024;

    public final RunState state;
    public final RoundTripHistogram roundTrips = new RoundTripHistogram();
    final AtomicLong applied = new AtomicLong();
    final AtomicLong clamped = new AtomicLong();
    final AtomicLongArray refused = new AtomicLongArray(Refusal.values().length);

    private final long[] sentSeq = new long[REMEMBERED];
    private final long[] sentNs = new long[REMEMBERED];
    /** Under an earlier agent. */
    private final long expiredBefore;
    private final SparkReader spark;
    private List<Source> sources;
    private long exitedNs;
    /** How many triggers had ended at the last heartbeat, whose thread alone asks. */
    private long endsSeen;

    TrackedRun(RunState state, SparkReader spark) {
        this.state = state;
        this.spark = spark;
        expiredBefore = state.expired();
        state.companion = this;
    }

    /** Leases, since the agent was put in. */
    long expired() {
        return state.expired() - expiredBefore;
    }

    @Override
    public synchronized void sent(long seq, long nowNs) {
        int slot = (int) (seq & (REMEMBERED - 1));
        sentSeq[slot] = seq;
        sentNs[slot] = nowNs;
    }

    /** Whether a trigger of the run ended since this was last asked. */
    boolean hasEndedATrigger() {
        long before = endsSeen;
        synchronized (state) {
            endsSeen = state.triggers() - (state.isTurnOpen() ? 1 : 0);
        }
        return endsSeen != before;
    }

    /** A decision that this message caused was applied; only the first for each message is timed. */
    synchronized void closeRoundTrip(long causeSeq, long nowNs) {
        int slot = (int) (causeSeq & (REMEMBERED - 1));
        if (causeSeq > 0 && sentSeq[slot] == causeSeq) {
            sentSeq[slot] = 0;
            roundTrips.record(nowNs - sentNs[slot]);
        }
    }

    void refuse(Refusal why) {
        refused.incrementAndGet(why.ordinal());
    }

    @Override
    public List<Source> sources() {
        Object execution = state.execution();
        if (sources == null && execution != null) {
            sources = spark.sources(execution);
        }
        return sources == null ? Collections.emptyList() : sources;
    }

    @Override
    public String progressJson(Object event) throws Exception {
        return spark.progressJson(event);
    }

    @Override
    public String exceptionOf(Object event) {
        return spark.exceptionOf(event);
    }

    @Override
    public long applied() {
        return applied.get();
    }

    @Override
    public long clamped() {
        return clamped.get();
    }

    @Override
    public Map<String, Long> refusedBy() {
        Map<String, Long> counts = new TreeMap<>();
        for (Refusal why : Refusal.values()) {
            if (refused.get(why.ordinal()) > 0) {
                counts.put(why.wireName, refused.get(why.ordinal()));
            }
        }
        return counts;
    }

    @Override
    public long roundTrips(int bucket) {
        return roundTrips.count(bucket);
    }

    @Override
    public int roundTripBuckets() {
        return roundTrips.buckets();
    }

    @Override
    public double roundTripBase() {
        return RoundTripHistogram.BASE;
    }

    synchronized void exitedAt(long nowNs) {
        exitedNs = nowNs;
    }

    synchronized long exitedNs() {
        return exitedNs;
    }
}
