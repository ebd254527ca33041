package io.rubato.agent.bridge;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Where every advice lands. No method here throws: what goes wrong is counted, and Spark's own code runs as if the agent
 * were not there.
 */
public final class StreamHooks {
    private static final ThreadLocal<RunState> CURRENT = new ThreadLocal<>();
    private static final long RESTORE_FOR_NS = 10_000_000_000L;
    private static final long RESTORE_EVERY_NS = 20_000;
    private static final AtomicLong ADVICE_ERRORS = new AtomicLong();
    private static volatile Observer observer;
    private static volatile Throwable firstError;

    private StreamHooks() {
    }

    public static void observeWith(Observer next) {
        observer = next;
    }

    /** The run that this thread is driving, or null. */
    public static RunState current() {
        return CURRENT.get();
    }

    public static long adviceErrors() {
        return ADVICE_ERRORS.get();
    }

    /** The first thing that went wrong inside an advice, or null. */
    public static Throwable firstError() {
        return firstError;
    }

    /** Called by the code that surrounds each advice, too. */
    public static void adviceError(Throwable error) {
        if (ADVICE_ERRORS.incrementAndGet() == 1) {
            firstError = error;
        }
    }

    public static void runEntered(Object execution) {
        try {
            Observer to = observer;
            RunState run = to == null ? null : to.runEntered(execution);
            if (run != null) {
                run.fired(Hook.RUN);
                CURRENT.set(run);
            }
        } catch (Throwable error) {
            adviceError(error);
        }
    }

    public static void runExited(Object execution) {
        try {
            RunState run = CURRENT.get();
            if (run != null && run.execution == execution) {
                CURRENT.remove();
                run.exit();
            }
        } catch (Throwable error) {
            adviceError(error);
        }
    }

    /** The next trigger of a managed run, or 0 for Spark's own arithmetic. */
    public static long nextBatchTimeEntered(long now) {
        try {
            RunState run = CURRENT.get();
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
            RunState run = CURRENT.get();
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
            RunState run = CURRENT.get();
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
            RunState run = CURRENT.get();
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
            RunState run = CURRENT.get();
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
            RunState run = CURRENT.get();
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
            RunState run = CURRENT.get();
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
                RunState run = CURRENT.get();
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
