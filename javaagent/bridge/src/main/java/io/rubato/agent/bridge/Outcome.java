package io.rubato.agent.bridge;

/** What came of one trigger. */
public enum Outcome {
    EMPTY("empty"),
    BATCH("batch"),
    UNKNOWN("unknown");

    public final String wireName;

    Outcome(String wireName) {
        this.wireName = wireName;
    }
}
