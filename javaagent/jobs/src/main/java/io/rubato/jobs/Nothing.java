package io.rubato.jobs;

/** Starts and ends: what a JVM without streams pays for the agent is measured with it. */
public final class Nothing {
    private Nothing() {
    }

    public static void main(String[] arguments) {
        // Nothing.
    }
}
