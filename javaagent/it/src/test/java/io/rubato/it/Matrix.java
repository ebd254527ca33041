package io.rubato.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDate;
import java.time.ZoneOffset;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestWatcher;

/**
 * Writes what became of each test on each Spark into {@code target/matrix.tsv}, a line each: the Spark, which is the display
 * name of the test's class; the row's number and its text; the outcome; the date; and why where it was not tried.
 * {@link Table} makes the compatibility table of it.
 */
final class Matrix implements TestWatcher {
    private static final Path CELLS = Path.of(System.getProperty("it.target"), "matrix.tsv");

    @Override
    public void testSuccessful(ExtensionContext test) {
        write(test, "held", "");
    }

    @Override
    public void testFailed(ExtensionContext test, Throwable cause) {
        write(test, "failed", "");
    }

    @Override
    public void testAborted(ExtensionContext test, Throwable cause) {
        write(test, "not tried", String.valueOf(cause.getMessage()).replaceAll("^Assumption failed: ", ""));
    }

    private static synchronized void write(ExtensionContext test, String outcome, String why) {
        Promise promise = test.getRequiredTestMethod().getAnnotation(Proves.class).value();
        String spark = test.getParent().orElseThrow().getDisplayName();
        String line = String.join("\t", spark, String.valueOf(promise.ordinal()), promise.text, outcome,
                LocalDate.now(ZoneOffset.UTC).toString(), why.replaceAll("\\s+", " ")) + "\n";
        try {
            Files.writeString(CELLS, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException failed) {
            throw new UncheckedIOException("write " + CELLS, failed);
        }
    }
}
