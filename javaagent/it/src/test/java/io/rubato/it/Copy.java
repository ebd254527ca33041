package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** One query of a {@code CopyJob}, seen from its two ends: what went in must come out, once. */
final class Copy {
    private static final Pattern COMMITTED = Pattern.compile("\"path\":\"file://([^\"]+)\"");

    final String name;
    final String runId;
    private final Path folder;
    private final List<String> written = new ArrayList<>();

    Copy(Driver driver, Path folder, String name, String trigger) throws IOException {
        this.name = name;
        this.folder = folder.resolve(name);
        this.runId = driver.ask("start " + name + " " + trigger, "started");
    }

    String key() {
        return "copy/" + name;
    }

    /** Writes one line, and waits until it has come out. */
    void passesALine() throws Exception {
        String line = name + " " + written.size();
        Path unseen = Files.writeString(folder.resolve("next.txt"), line + "\n");
        Files.move(unseen, folder.resolve("in").resolve(written.size() + ".txt"));
        written.add(line);
        Await.until("'" + line + "' comes out", () -> out().contains(line));
    }

    /** Every line that went in came out, and came out once. */
    void assertWhole() throws IOException {
        assertEquals(written.stream().sorted().toList(), out().stream().sorted().toList());
    }

    /** What the sink has committed: a file that stands there may yet be taken back. */
    private List<String> out() throws IOException {
        Path commits = folder.resolve("out/_spark_metadata");
        if (!Files.isDirectory(commits)) {
            return List.of();
        }
        Set<Path> files = new TreeSet<>();
        try (Stream<Path> batches = Files.list(commits)) {
            for (Path batch : batches.filter(path -> Character.isDigit(path.getFileName().toString().charAt(0))).toList()) {
                COMMITTED.matcher(Files.readString(batch)).results().forEach(path -> files.add(Path.of(path.group(1))));
            }
        }
        List<String> lines = new ArrayList<>();
        for (Path file : files) {
            lines.addAll(Files.readAllLines(file));
        }
        return lines;
    }
}
