package io.rubato.it;

/** What is promised on every Spark: the rows of the compatibility table, in its order. */
enum Promise {
    HOOKS("Hooks active"),
    IN_EFFECT("Commanded interval in effect, also inside a wait in progress"),
    COUNTS("Empty triggers and batches counted exactly"),
    CLEAN_UP("Stateful query; no-data (clean-up) batches told from empty triggers"),
    GIVEN_BACK("Configured interval back when the lease ends or on release"),
    OWN_ARITHMETIC("Spark's own arithmetic where nothing is commanded"),
    STOP("`stop()` inside a long wait"),
    ATTACH("Attached to a running driver, and detached again"),
    RESTART("Restart from the checkpoint: same key, managed again"),
    SEVERAL_QUERIES("Several queries in one driver, each with its own interval"),
    TWINS("Two live runs under one key left alone"),
    FOREACH_BATCH("`foreachBatch`, and a job's own waits left alone"),
    SOURCES("File and rate sources, several sources in one query"),
    KAFKA("Kafka source"),
    PYSPARK("Driver started from Python (PySpark)"),
    CONNECT("Spark Connect server with a Python client"),
    ZERO("Trigger interval 0"),
    ONCE("`Once` and `AvailableNow` left untouched"),
    CONTINUOUS("`Continuous` left untouched"),
    REAL_TIME("Real-time mode left untouched"),
    ASYNC("Asynchronous progress tracking left untouched"),
    TRAPS("Traps of hooking the interval alone: torn read, epoch, lock-in, moved class"),
    FALLING_BEHIND("Spark's falling-behind warning follows the interval in effect"),
    BOUNDS("The agent's own bounds"),
    GARBAGE("Garbage on the decisions topic"),
    OUTPUT("Output equality under intervals that change wildly");

    final String text;

    Promise(String text) {
        this.text = text;
    }
}
