package io.rubato.jobs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

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

    Dataset<Row> stream(SparkSession spark) {
        return spark.readStream().format("text").load(folder.toString());
    }

    /** Puts a file of one line into the folder, whole at once. */
    void add() {
        try {
            Path file = staging.resolve("file-" + files++);
            Files.write(file, "line\n".getBytes(StandardCharsets.UTF_8));
            Files.move(file, folder.resolve(file.getFileName()), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private void delete() {
        try (java.util.stream.Stream<Path> paths = Files.walk(folder.getParent())) {
            paths.sorted(java.util.Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        } catch (IOException gone) {
            // Nothing is left to delete.
        }
    }
}
