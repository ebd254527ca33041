package io.rubato.agent.bridge;

/**
 * What the core makes of the hooks. Every method is called on Spark's stream thread; those with a run hold its monitor,
 * except {@link #runEntered}, {@link #runLeft} and {@link #event}.
 */
public interface Observer {
    /** A run begins, or is met for the first time: its state, or null where it is none of ours. */
    RunState runEntered(Object execution);

    /** The run's thread leaves the loop. */
    void runExited(RunState run);

    /** It has left, and holds the run's monitor no longer. */
    void runLeft(RunState run);

    void triggerStarted(RunState run);

    /** The trigger in course has data: a batch follows. */
    void batchFollows(RunState run);

    void triggerEnded(RunState run);

    /** Spark posted a listener event; it must only be put aside here. */
    void event(Object event);

    /** The id of the batch that just ended, or -1 where it cannot be told. */
    long batchId(Object execution, Object[] arguments);
}
