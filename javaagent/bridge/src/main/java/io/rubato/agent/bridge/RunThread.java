package io.rubato.agent.bridge;

import java.lang.ref.WeakReference;

/** The thread that drives a run. Weakly held, since Spark's thread holds the query's execution. */
final class RunThread {
    /** Null as long as it is not known. */
    private volatile WeakReference<Thread> thread;
    private volatile boolean arrived;

    void is(Thread known) {
        thread = new WeakReference<>(known);
    }

    /** Called on the thread itself: from now on it carries the run. */
    void arrives() {
        is(Thread.currentThread());
        arrived = true;
    }

    boolean hasArrived() {
        return arrived;
    }

    /** False as long as it is not known. */
    boolean hasEnded() {
        WeakReference<Thread> known = thread;
        Thread alive = known == null ? null : known.get();
        return known != null && (alive == null || alive.getState() == Thread.State.TERMINATED);
    }
}
