package io.rubato.agent.core.control;

import io.rubato.agent.bridge.Observer;
import io.rubato.agent.bridge.RunIdentity;
import io.rubato.agent.bridge.RunState;
import io.rubato.agent.bridge.RunTally;
import io.rubato.agent.bridge.StreamHooks;
import io.rubato.agent.bridge.SystemClocks;
import io.rubato.agent.core.AgentLog;
import io.rubato.agent.core.Options;
import io.rubato.agent.core.spark.SparkReader;
import io.rubato.agent.core.wire.Message;
import io.rubato.agent.core.wire.MessageQueue;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The live runs, and the core's end of the hooks. */
public final class Runs implements Observer {
    private static final int ENDED_REMEMBERED = 100;

    private final SystemClocks clock = new SystemClocks();
    private final Options options;
    private final SparkReader spark;
    private final MessageQueue queue;
    private final Runnable onFirst;
    private final Map<String, TrackedRun> byRunId = new ConcurrentHashMap<>();
    private final Map<String, RunTally> earlier;
    private final Totals ended = new Totals();
    /** Run ids: a thread that is met while it ends must not begin its run a second time. */
    private final Set<String> endedIds = Collections.newSetFromMap(new Remembered<>(ENDED_REMEMBERED));
    private final CountDownLatch firstTurn = new CountDownLatch(1);
    private boolean started;
    private boolean closed;

    /**
     * @param earlier by run id, what an agent that was in this JVM before had counted; a run that ends is taken out
     * @param onFirst called once, on the stream thread, before the first run begins; it must not block
     */
    public Runs(Options options, SparkReader spark, MessageQueue queue, Map<String, RunTally> earlier, Runnable onFirst) {
        this.earlier = earlier;
        this.options = options;
        this.spark = spark;
        this.queue = queue;
        this.onFirst = onFirst;
    }

    @Override
    public RunState runEntered(Object execution) {
        RunIdentity identity = spark.identify(execution);
        TrackedRun known = byRunId.get(identity.runId);
        if (known != null && known.state.execution() == execution) {
            return known.state;
        }
        String plain = identity.appName + '/' + (identity.name == null ? identity.queryId : identity.name);
        if (!options.covers(plain)) {
            AgentLog.info("query " + identity.key + " is not covered by include and exclude: left alone");
            return null;
        }
        return begin(new RunState(identity, execution, clock, this));
    }

    RunState begin(RunState run) {
        synchronized (this) {
            TrackedRun known = byRunId.get(run.identity.runId);
            if (known != null) {
                return known.state;
            }
            if (closed || endedIds.contains(run.identity.runId)) {
                return null;
            }
            RunTally before = earlier.get(run.identity.runId);
            if (before != null) {
                run.goOnFrom(before);
            }
            if (!started) {
                started = true;
                onFirst.run();
            }
            byRunId.put(run.identity.runId, new TrackedRun(run, spark));
            settleConflict(run.identity.key);
        }
        Message.post(Message.Type.STARTED, run, null, queue);
        return run;
    }

    @Override
    public void runExited(RunState run) {
        TrackedRun tracked = byRunId.get(run.identity.runId);
        if (tracked != null) {
            tracked.exitedAt(clock.nanos());
        }
    }

    /** After an exit: a namesake that is left may be managed again. */
    @Override
    public void runLeft(RunState run) {
        synchronized (this) {
            settleConflict(run.identity.key);
        }
    }

    private void settleConflict(String key) {
        List<RunState> live = new ArrayList<>();
        for (TrackedRun tracked : byRunId.values()) {
            if (tracked.state.identity.key.equals(key) && !tracked.state.isExited()) {
                live.add(tracked.state);
            }
        }
        boolean conflict = live.size() > 1;
        for (RunState run : live) {
            if (run.isConflict() != conflict) {
                run.setConflict(conflict);
            }
        }
        if (conflict) {
            AgentLog.warnOnce("conflict " + key, "two live runs under the key " + key
                    + ": both are left alone; give the queries different names");
        }
    }

    @Override
    public void triggerStarted(RunState run) {
        Message.post(Message.Type.TRIGGER_START, run, null, queue);
    }

    /** Who commands a query of this driver is told at once; who only looks on, with the trigger's end. */
    @Override
    public void batchFollows(RunState run) {
        if (isAnyCommanded()) {
            queue.wake();
        }
    }

    boolean isAnyCommanded() {
        for (TrackedRun any : byRunId.values()) {
            if (any.state.isCommanded()) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void triggerEnded(RunState run) {
        Message.post(Message.Type.TRIGGER_END, run, null, queue);
        firstTurn.countDown();
    }

    /** Waits until some run has ended a trigger. */
    public void awaitFirstTurn(long longestMs) throws InterruptedException {
        firstTurn.await(longestMs, TimeUnit.MILLISECONDS);
    }

    @Override
    public void event(Object event) {
        switch (spark.kindOf(event)) {
            case PROGRESS:
                RunState current = StreamHooks.current();
                if (current != null) {
                    Message.post(Message.Type.PROGRESS, current, event, queue);
                }
                break;
            case TERMINATED:
                TrackedRun ended = byRunId.get(spark.runIdOf(event));
                if (ended != null) {
                    end(ended, event);
                }
                break;
            default:
        }
    }

    /** Gives every run its own interval back, and takes in no other. */
    public synchronized void close() {
        closed = true;
        for (TrackedRun run : byRunId.values()) {
            run.state.retire();
        }
    }

    /** The last message of a run. */
    void end(TrackedRun run, Object event) {
        run.state.exit();
        if (remove(run)) {
            Message.post(Message.Type.TERMINATED, run.state, event, queue);
            run.state.forgetExecution();
        }
    }

    private synchronized boolean remove(TrackedRun run) {
        String runId = run.state.identity.runId;
        if (byRunId.remove(runId) == null) {
            return false;
        }
        ended.add(run);
        endedIds.add(runId);
        earlier.remove(runId);
        return true;
    }

    /** Messages, since the agent was put in. */
    long dropped() {
        return queue.dropped();
    }

    /** Over every run since the agent was put in. */
    synchronized Totals totals() {
        Totals totals = new Totals();
        totals.add(ended);
        for (TrackedRun run : byRunId.values()) {
            totals.add(run);
        }
        return totals;
    }

    @Override
    public long batchId(Object execution, Object[] arguments) {
        return spark.batchId(execution, arguments);
    }

    public Collection<TrackedRun> all() {
        return byRunId.values();
    }

    /** The live runs under a key. */
    List<TrackedRun> byKey(String key) {
        List<TrackedRun> found = new ArrayList<>(1);
        for (TrackedRun run : byRunId.values()) {
            if (run.state.identity.key.equals(key) && !run.state.isExited()) {
                found.add(run);
            }
        }
        return found;
    }
}
