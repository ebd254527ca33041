package io.rubato.agent.bridge;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * One live run: the turn that it is in, the command that it is under, and its cumulative counters.
 *
 * <p>The object's own monitor guards every field that is not volatile or atomic, and is what the stream thread waits on
 * between two triggers.
 */
public final class RunState {
    /** The wall clock is read again at least this often in a wait: it may be set while we sleep. */
    static final long LONGEST_SLEEP_MS = 1_000;

    private static final long NOT_EXPECTED = Long.MIN_VALUE;

    public final RunIdentity identity;
    final RunThread thread = new RunThread();
    private volatile Object execution;
    private final Clock clock;
    private final Observer observer;

    /** What the core keeps beside this run; set by it before the run begins. */
    public volatile Object companion;

    private volatile Command command;
    private volatile boolean conflict;
    private volatile boolean exited;
    private volatile boolean retired;
    /** True while Spark's own {@code nextBatchTime} runs, which divides by what the accessor says. */
    private boolean insideOwnArithmetic;
    private Command lastApplied;

    private boolean turnOpen;
    private boolean constructed;
    private boolean interrupted;
    private long expectedTarget = NOT_EXPECTED;
    private long ownTarget;
    private long triggerStartMs;
    private long triggerStartNs;
    private long triggerEndMs;
    private long triggerEndNs;
    private long batchEndNs;
    private boolean batchEnded;
    private long batchId = -1;
    private Outcome outcome = Outcome.UNKNOWN;

    private long messageSeq;
    private long triggers;
    private long emptyTriggers;
    private long batches;
    private long expired;
    /** Messages of this run that the bounded queue or the broker did not take. */
    public final AtomicLong drops = new AtomicLong();
    private final AtomicLongArray firings = new AtomicLongArray(Hook.values().length);

    public RunState(RunIdentity identity, Object execution, Clock clock, Observer observer) {
        this.identity = identity;
        this.execution = execution;
        this.clock = clock;
        this.observer = observer;
    }

    /** Goes on from where an earlier agent in this JVM left the run. */
    public synchronized void goOnFrom(RunTally earlier) {
        messageSeq = earlier.messageSeq;
        triggers = earlier.triggers;
        emptyTriggers = earlier.emptyTriggers;
        batches = earlier.batches;
        expired = earlier.expired;
        drops.set(earlier.drops);
        lastApplied = earlier.lastApplied;
    }

    // ---- the stream thread ----

    /**
     * A turn of the loop begins.
     *
     * @param now the trigger's start as Spark's clock read it
     * @return when the next trigger is due, or 0 to let Spark's own arithmetic say so, as where its wait is not ours
     */
    synchronized long beginTurn(long now) {
        closeTurn();
        if (interrupted) {
            // Our wait went on past Spark's own target, so that its sleep did not throw: this turn but finds the query ended.
            interrupted = false;
            insideOwnArithmetic = true;
            return 0;
        }
        turnOpen = true;
        constructed = false;
        batchEnded = false;
        batchId = -1;
        outcome = Outcome.UNKNOWN;
        triggerStartMs = now;
        triggerStartNs = clock.nanos();
        triggers++;
        tellOfTurn();
        Command current = inForce(triggerStartNs);
        if (current == null || !identity.manageable || !Hook.WAIT.isActive()) {
            insideOwnArithmetic = true;
            return 0;
        }
        ownTarget = Arithmetic.sparksNextTrigger(now, identity.configuredMs);
        expectedTarget = now + current.intervalMs;
        return expectedTarget;
    }

    /** Spark's own arithmetic has spoken. Of a turn whose start was not seen the wait could not be reckoned: it is Spark's. */
    synchronized void ownNextTrigger(long target) {
        if (insideOwnArithmetic) {
            insideOwnArithmetic = false;
            ownTarget = target;
            expectedTarget = target;
        }
    }

    /**
     * Waits for the next trigger, looking again at every change of the interval.
     *
     * @return the wall time at the end of the wait, or 0 where this wait is not the loop's
     */
    synchronized long awaitNextTrigger(long target) throws InterruptedException {
        if (target != expectedTarget || !identity.manageable) {
            return 0;
        }
        expectedTarget = NOT_EXPECTED;
        closeTurn();
        while (true) {
            long nowNs = clock.nanos();
            long wallMs = clock.wallMs();
            Command current = inForce(nowNs);
            long leftMs = ownTarget - wallMs;
            if (current != null) {
                long leftNs = triggerStartNs + current.intervalMs * Arithmetic.NANOS_PER_MS - nowNs;
                leftMs = leftNs <= 0 ? 0 : Arithmetic.ceilMs(Math.min(leftNs, current.leaseEndNs - nowNs));
            }
            if (leftMs <= 0) {
                return wallMs;
            }
            sleep(Math.min(leftMs, LONGEST_SLEEP_MS));
        }
    }

    private void sleep(long millis) throws InterruptedException {
        try {
            clock.await(this, millis);
        } catch (InterruptedException stopped) {
            interrupted = true;
            throw stopped;
        }
    }

    /**
     * What the loop sees as its interval outside Spark's own arithmetic: ours while managed, so that a job that configured
     * none waits, and a batch falls behind the interval in effect and not behind the configured one.
     */
    synchronized long intervalSeen(long own) {
        if (insideOwnArithmetic || !identity.manageable) {
            return own;
        }
        Command current = inForce(clock.nanos());
        return current == null ? own : current.intervalMs;
    }

    /** Whether Spark's "falling behind" would be a false alarm under the interval in effect. */
    synchronized boolean keepsUp(long elapsedMs) {
        Command current = inForce(clock.nanos());
        return current != null && elapsedMs <= current.intervalMs;
    }

    /** A turn that began before the hooks were in place is not counted: neither as a trigger nor for what came of it. */
    synchronized void batchConstructed(boolean yes) {
        if (!turnOpen) {
            return;
        }
        constructed = yes;
        if (yes) {
            observer.batchFollows(this);
        } else {
            emptyTriggers++;
            outcome = Outcome.EMPTY;
        }
    }

    synchronized void endBatch(long id) {
        if (!turnOpen) {
            return;
        }
        batches++;
        batchEnded = true;
        batchEndNs = clock.nanos();
        batchId = id;
        outcome = Outcome.BATCH;
    }

    /** The run's thread leaves the loop, or has left it. */
    public void exit() {
        synchronized (this) {
            if (exited) {
                return;
            }
            closeTurn();
            command = null;
            // Seen by others without the monitor: last, so that whoever sees it finds all that goes with it.
            observer.runExited(this);
            exited = true;
        }
        observer.runLeft(this);
    }

    private void closeTurn() {
        if (!turnOpen) {
            return;
        }
        turnOpen = false;
        triggerEndMs = clock.wallMs();
        triggerEndNs = clock.nanos();
        if (constructed && !batchEnded && !Hook.BATCH_END.isActive()) {
            batches++;
            outcome = Outcome.BATCH;
        }
        if (!batchEnded) {
            batchEndNs = triggerEndNs;
        }
        tellOfTurn();
    }

    /** Of its start or of its end. A failure of the core must not change when the next trigger comes. */
    private void tellOfTurn() {
        try {
            if (turnOpen) {
                observer.triggerStarted(this);
            } else {
                observer.triggerEnded(this);
            }
        } catch (Throwable error) {
            StreamHooks.adviceError(error);
        }
    }

    void fired(Hook hook) {
        firings.lazySet(hook.ordinal(), firings.get(hook.ordinal()) + 1);
    }

    // ---- the core's threads ----

    /** Puts the run under a command and wakes its wait, or says that it may have none any more. */
    public synchronized boolean apply(Command next) {
        if (retired || conflict || exited) {
            return false;
        }
        lastApplied = next;
        command = next;
        notifyAll();
        return true;
    }

    /** Gives the interval back to the job at once. */
    public synchronized void release(Command last) {
        if (last != null) {
            lastApplied = last;
        }
        command = null;
        notifyAll();
    }

    /** Gives the interval back for good: no command is taken any more. */
    public synchronized void retire() {
        retired = true;
        release(null);
    }

    /**
     * Whether the turn in progress began under a command, so that Spark's loop holds a target of ours until it comes to
     * its wait.
     */
    public synchronized boolean holdsOurTarget() {
        return !exited && expectedTarget != NOT_EXPECTED && expectedTarget != ownTarget;
    }

    public synchronized RunTally tally() {
        return new RunTally(messageSeq, triggers, emptyTriggers, batches, expired, drops.get(), lastApplied);
    }

    /** Another live run has the same key, or has no longer. */
    public synchronized void setConflict(boolean now) {
        conflict = now;
        if (now) {
            release(null);
        }
    }

    /** The command in force, read once; a lease that has ended is counted and forgotten here. */
    public Command inForce(long nowNs) {
        Command current = command;
        if (current == null || current.inForce(nowNs)) {
            return current;
        }
        synchronized (this) {
            if (command == current) {
                command = null;
                expired++;
            }
        }
        return null;
    }

    /** Whether a command is in force, or one that has just ended has not been missed yet. Takes no monitor. */
    public boolean isCommanded() {
        return command != null;
    }

    /** The number of this run's next message; from 1. */
    public synchronized long nextMessageSeq() {
        return ++messageSeq;
    }

    /** Spark's object, or null once the run has ended. */
    public Object execution() {
        return execution;
    }

    /** Lets go of Spark's object, and of its session and plans: messages that wait for a broker outlive the query by far. */
    public void forgetExecution() {
        execution = null;
    }

    public Clock clock() {
        return clock;
    }

    public boolean isConflict() {
        return conflict;
    }

    /** Whether the thread that drove this run has ended, by whatever way. */
    public boolean isAbandoned() {
        return thread.hasEnded();
    }

    public boolean isExited() {
        return exited;
    }

    /** The last command that was applied, or null. */
    public synchronized Command lastApplied() {
        return lastApplied;
    }

    public synchronized boolean isTurnOpen() {
        return turnOpen;
    }

    public synchronized long triggerStartMs() {
        return triggerStartMs;
    }

    public synchronized long triggerStartNs() {
        return triggerStartNs;
    }

    public synchronized long triggerEndMs() {
        return triggerEndMs;
    }

    public synchronized long triggerEndNs() {
        return triggerEndNs;
    }

    public synchronized long batchEndNs() {
        return batchEndNs;
    }

    /** The id of the batch that this turn ran, or -1. */
    public synchronized long batchId() {
        return batchId;
    }

    public synchronized Outcome outcome() {
        return outcome;
    }

    public synchronized long triggers() {
        return triggers;
    }

    public synchronized long emptyTriggers() {
        return emptyTriggers;
    }

    public synchronized long batches() {
        return batches;
    }

    public synchronized long expired() {
        return expired;
    }

    public long firings(Hook hook) {
        return firings.get(hook.ordinal());
    }
}
