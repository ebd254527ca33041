package io.rubato.agent.bridge;

import java.util.ArrayList;
import java.util.List;

/** Writes down what it is told. */
final class RecordingObserver implements Observer {
    final List<String> told = new ArrayList<>();
    RunState next;
    /** A RuntimeException or an Error. */
    Throwable toThrow;

    private void tell(String what) {
        told.add(what);
        if (toThrow != null) {
            if (toThrow instanceof Error) {
                throw (Error) toThrow;
            }
            throw (RuntimeException) toThrow;
        }
    }

    @Override
    public RunState runEntered(Object execution) {
        tell("entered");
        return next;
    }

    @Override
    public void runExited(RunState run) {
        tell("exited");
    }

    @Override
    public void runLeft(RunState run) {
        tell("left");
    }

    @Override
    public void triggerStarted(RunState run) {
        tell("start");
    }

    @Override
    public void batchFollows(RunState run) {
        tell("follows");
    }

    @Override
    public void triggerEnded(RunState run) {
        tell("end " + run.outcome().wireName);
    }

    @Override
    public void event(Object event) {
        tell("event");
    }

    @Override
    public long batchId(Object execution, Object[] arguments) {
        return 7;
    }
}
