package io.rubato.it;

import java.io.IOException;

/** A JVM that lives until its standard input ends. */
public final class WaitsForInput {
    private WaitsForInput() {
    }

    public static void main(String[] arguments) throws IOException {
        System.out.println("ready");
        while (System.in.read() >= 0) {
            continue;
        }
    }
}
