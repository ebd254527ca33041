package io.rubato.agent.bridge;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Where every advice lands. No method here throws: what goes wrong is counted, and Spark's own code runs as if the agent
 * were not there. Only who ends the thread itself is not kept from it.
 */
public final class StreamHooks {
    /** Stands in the thread local of a run that the core does not want. */
    private static final RunState NOT_OURS = new RunState(null, null, null, null);
    /** Runs that were met from outside, until their thread comes by. */
    static final Map<Thread, RunState> ADOPTED = new ConcurrentHashMap<>();
    /** What {@code Thread.stop} throws into a thread. By its name: not every Java has it. */
    private static final String THREAD_ENDED = "java.lang.ThreadDeath";
    private static final long RESTORE_FOR_NS = 10_000_000_000L;
    private static final long RESTORE_EVERY_NS = 20_000;
    private static final AtomicLong ADVICE_ERRORS = new AtomicLong();
    private static volatile ThreadLocal<RunState> current = new ThreadLocal<>();
    private static volatile Observer observer;
    private static final AtomicReference<Throwable> LAST_ERROR = new AtomicReference<>();

    private StreamHooks() {
    }

    public static void observeWith(Observer next) {
        observer = next;
    }

    /** Lets go of every run on every thread. */
    public static void forgetAll() {
        observer = null;
        ADOPTED.clear();
        current = new ThreadLocal<>();
        LAST_ERROR.set(null);
    }

    /** Gives a run to its thread, whose entry into it was not seen. */
    public static void adopt(Thread thread, RunState run) {
        ADOPTED.keySet().removeIf(known -> !known.isAlive());
        run.thread.is(thread);
        ADOPTED.put(thread, run);
        if (run.thread.hasArrived() || run.thread.hasEnded()) {
            ADOPTED.remove(thread);
        }
    }

    /** The run that this thread is driving, or null. */
    public static RunState current() {
        RunState run = local();
        return run == NOT_OURS ? null : run;
    }

    private static RunState local() {
        ThreadLocal<RunState> local = current;
        RunState run = local.get();
        if (run == null && !ADOPTED.isEmpty()) {
            run = ADOPTED.remove(Thread.currentThread());
            if (run != null) {
                run.thread.arrives();
                local.set(run);
            }
        }
        return run;
    }

    public static long adviceErrors() {
        return ADVICE_ERRORS.get();
    }

    /** The last thing that went wrong inside an advice since this was last asked, or null. */
    public static Throwable takeLastError() {
        return LAST_ERROR.getAndSet(null);
    }

    /** Called by the code that surrounds each advice, too. */
    public static void adviceError(Throwable error) {
        if (error.getClass().getName().equals(THREAD_ENDED)) {
            throw (Error) error;
        }
        ADVICE_ERRORS.incrementAndGet();
        LAST_ERROR.set(error);
    }

    public static void runEntered(Object execution) {
        try {
            enter(execution);
            RunState run = current();
            if (run != null) {
                run.fired(Hook.RUN);
            }
        } catch (Throwable error) {
            adviceError(error);
        }
    }

    private static void enter(Object execution) {
        Observer to = observer;
        if (to != null) {
            RunState run = to.runEntered(execution);
            if (run != null) {
                run.thread.arrives();
            }
            ADOPTED.remove(Thread.currentThread());
            current.set(run == null ? NOT_OURS : run);
        }
    }

    /** Meets a run that was entered before the hooks were in place. */
    public static void constructEntered(Object execution) {
        try {
            if (local() == null) {
                enter(execution);
            }
        } catch (Throwable error) {
            adviceError(error);
        }
    }

    public static void runExited(Object execution) {
        try {
            RunState run = local();
            if (run == NOT_OURS) {
                current.remove();
            } else if (run != null && run.execution() == execution) {
                current.remove();
                run.exit();
            }
        } catch (Throwable error) {
            adviceError(error);
        }
    }

    /** The next trigger of a managed run, or 0 for Spark's own arithmetic. */
    public static long nextBatchTimeEntered(long now) {
        try {
            RunState run = current();
            if (run == null) {
                return 0;
            }
            run.fired(Hook.NEXT_BATCH_TIME);
            return run.beginTurn(now);
        } catch (Throwable error) {
            adviceError(error);
            return 0;
        }
    }

    /** What {@code nextBatchTime} is to return. */
    public static long nextBatchTimeExited(long entered, long own) {
        if (entered != 0) {
            return entered;
        }
        try {
            RunState run = current();
            if (run != null) {
                run.ownNextTrigger(own);
            }
        } catch (Throwable error) {
            adviceError(error);
        }
        return own;
    }

    /** The wall time at the end of the wait, or 0 to let Spark's own wait run. */
    public static long waitTillTimeEntered(long target) {
        try {
            RunState run = current();
            if (run == null) {
                return 0;
            }
            run.fired(Hook.WAIT);
            return run.awaitNextTrigger(target);
        } catch (InterruptedException stopped) {
            // Spark's own sleep throws at once on the flag: the query stops as it would without us.
            restoreInterrupt(Thread.currentThread());
            return 0;
        } catch (Throwable error) {
            adviceError(error);
            return 0;
        }
    }

    /**
     * Sets the flag that the wait has consumed. Spark's {@code UninterruptibleThread} drops a second interrupt as long as
     * the first is being delivered, which is just when the wait wakes: so look whether it took, and try again.
     */
    static void restoreInterrupt(Thread thread) {
        long start = System.nanoTime();
        thread.interrupt();
        while (!thread.isInterrupted() && System.nanoTime() - start < RESTORE_FOR_NS) {
            LockSupport.parkNanos(RESTORE_EVERY_NS);
            thread.interrupt();
        }
    }

    public static long intervalRead(long own) {
        try {
            RunState run = current();
            if (run == null) {
                return own;
            }
            run.fired(Hook.INTERVAL);
            return run.intervalSeen(own);
        } catch (Throwable error) {
            adviceError(error);
            return own;
        }
    }

    /** Whether Spark's warning is to be left out. */
    public static boolean fallingBehindEntered(long elapsedMs) {
        try {
            RunState run = current();
            if (run == null) {
                return false;
            }
            run.fired(Hook.FALLING_BEHIND);
            return run.keepsUp(elapsedMs);
        } catch (Throwable error) {
            adviceError(error);
            return false;
        }
    }

    public static void batchConstructed(boolean yes) {
        try {
            RunState run = current();
            if (run != null) {
                run.fired(Hook.CONSTRUCT);
                run.batchConstructed(yes);
            }
        } catch (Throwable error) {
            adviceError(error);
        }
    }

    public static void batchEnded(Object execution, Object[] arguments) {
        try {
            RunState run = current();
            Observer to = observer;
            if (run != null && to != null) {
                run.fired(Hook.BATCH_END);
                run.endBatch(to.batchId(execution, arguments));
            }
        } catch (Throwable error) {
            adviceError(error);
        }
    }

    public static void eventPosted(Object event) {
        try {
            Observer to = observer;
            if (to != null) {
                RunState run = current();
                if (run != null) {
                    run.fired(Hook.EVENT);
                }
                to.event(event);
            }
        } catch (Throwable error) {
            adviceError(error);
        }
    }
}
