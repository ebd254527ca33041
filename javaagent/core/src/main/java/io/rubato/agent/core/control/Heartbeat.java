package io.rubato.agent.core.control;

import io.rubato.agent.bridge.Hook;
import io.rubato.agent.core.AgentLog;
import io.rubato.agent.core.wire.Message;
import io.rubato.agent.core.wire.MessageQueue;

/**
 * Speaks for every live run once a second, and introduces it again now and then, for a tuner that came later.
 *
 * <p>Where the driver is only looked on and each of its runs has ended a trigger since the last beat, the word goes with the
 * next trigger's end, or at the next beat: a request less to the broker each second. So no silence lasts for two beats.
 */
public final class Heartbeat implements Runnable {
    private static final long EVERY_MS = 1_000;
    private static final long INTRODUCE_EVERY = 30;
    /** Beats between two reports: ten minutes. */
    static final long REPORT_EVERY = 600;
    /** How long after its thread left the loop a run may lack Spark's own word that it ended, which that thread brings. */
    static final long GRACE_NS = 5_000_000_000L;
    /** The same while the thread lives: to stop the sources comes first, and may take its time. */
    static final long LIVE_GRACE_NS = 60_000_000_000L;

    private final Runs runs;
    private final MessageQueue queue;
    private final Runnable checkHooks;
    private final Runnable report;
    private long beats;
    private boolean hooksActive;

    /**
     * @param checkHooks called at every beat: looks again for hooks that are missing
     * @param report called every ten minutes
     */
    public Heartbeat(Runs runs, MessageQueue queue, Runnable checkHooks, Runnable report) {
        this.report = report;
        this.runs = runs;
        this.queue = queue;
        this.checkHooks = checkHooks;
    }

    @Override
    public void run() {
        while (!Thread.currentThread().isInterrupted()) {
            try {
                Thread.sleep(EVERY_MS);
                beat();
            } catch (InterruptedException stop) {
                return;
            } catch (Throwable error) {
                AgentLog.warnOnce("heartbeat", "heartbeat failed: " + error);
            }
        }
    }

    void beat() {
        beats++;
        checkHooks.run();
        if (beats % REPORT_EVERY == 0) {
            report.run();
        }
        boolean changed = hooksActive != Hook.allRequiredActive();
        hooksActive ^= changed;
        boolean isWaitedFor = runs.isAnyCommanded();
        for (TrackedRun run : runs.all()) {
            boolean abandoned = run.state.isAbandoned();
            if (abandoned) {
                // It was on its way out when it was met, or its thread was ended from outside: no hook tells of its exit.
                run.state.exit();
            }
            if (run.state.isExited()) {
                if (System.nanoTime() - run.exitedNs() > (abandoned ? GRACE_NS : LIVE_GRACE_NS)) {
                    runs.end(run, null);
                }
                continue;
            }
            isWaitedFor |= !run.hasEndedATrigger();
            Message.post(Message.Type.HEARTBEAT, run.state, null, queue);
            if (changed || beats % INTRODUCE_EVERY == 0) {
                Message.post(Message.Type.STARTED, run.state, null, queue);
            }
        }
        if (isWaitedFor) {
            queue.wake();
        }
    }
}
