package io.rubato.jobs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.streaming.DataStreamReader;

/** A folder that a query reads: the smallest source that is the same in every Spark. */
final class Folder {
    private final Path folder;
    private final Path staging;
    private int files;

    Folder(String name) {
        try {
            Path root = Files.createTempDirectory("rubato-job-" + name);
            folder = Files.createDirectory(root.resolve("in"));
            staging = Files.createDirectory(root.resolve("staging"));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        Runtime.getRuntime().addShutdownHook(new Thread(this::delete, "delete-folder"));
    }

    Dataset<Row> stream(DataStreamReader reader) {
        return reader.format("text").load(folder.toString());
    }

    /** A place beside the folder for a query that is to go on from where it stopped. */
    String checkpoint() {
        return folder.resolveSibling("checkpoint").toString();
    }

    /** The last batch, or epoch, that is committed there, or -1. */
    long committed() throws IOException {
        Path commits = folder.resolveSibling("checkpoint").resolve("commits");
        if (!Files.exists(commits)) {
            return -1;
        }
        try (Stream<Path> files = Files.list(commits)) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.matches("\\d+"))
                    .mapToLong(Long::parseLong).max().orElse(-1);
        }
    }

    /** Puts a file of these lines into the folder, whole at once. */
    void add(String... lines) {
        try {
            Path file = staging.resolve("file-" + files++);
            Files.write(file, Arrays.asList(lines), StandardCharsets.UTF_8);
            Files.move(file, folder.resolve(file.getFileName()), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private void delete() {
        try (Stream<Path> paths = Files.walk(folder.getParent())) {
            paths.sorted(java.util.Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        } catch (IOException gone) {
            // Nothing is left to delete.
        }
    }
}
