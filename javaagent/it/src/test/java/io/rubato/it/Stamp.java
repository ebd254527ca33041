package io.rubato.it;

import java.lang.instrument.Instrumentation;

/** An agent that says when it was entered: one before and one after another agent time that one's premain. */
public final class Stamp {
    private Stamp() {
    }

    public static void premain(String argument, Instrumentation instrumentation) {
        System.out.println(System.nanoTime());
    }
}
