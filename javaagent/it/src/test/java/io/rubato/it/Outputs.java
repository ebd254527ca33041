package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A query gives the same output under intervals that change wildly as it does without the agent. */
interface Outputs {
    int FILES = 12;

    Stage stage();

    /** Row for row where the result does not depend on the batches' boundaries, the last value of each key otherwise. */
    @Test
    @Proves(Promise.OUTPUT)
    default void theOutputIsThatOfADriverWithoutTheAgent() throws Exception {
        Path with = stage().folder.resolve("rows-with");
        Path without = stage().folder.resolve("rows-without");
        String counts = conduct("counts", "plan=counts", "mode=update", "sink=table");
        conduct("rows", "plan=rows", "sink=json:" + with);
        try (SparkJob plain = SparkJob.withoutAgent(stage().spark, stage().folder.resolve("plain.log"))) {
            plain.awaitReady();
            assertEquals(leave(plain, "counts", "plan=counts", "mode=update", "sink=table"), counts);
            leave(plain, "rows", "plan=rows", "sink=json:" + without);
        }
        List<String> rows = written(with);
        assertEquals(3 * FILES, rows.size());
        assertEquals(written(without), rows);
    }

    /** Runs the query over all files, from one command to the next; gives the last value of each key. */
    private String conduct(String name, String... options) throws Exception {
        SparkJob job = stage().job;
        String run = start(job, name, "30s", options);
        stage().attached(run);
        Random random = new Random(1);
        AtomicBoolean managed = new AtomicBoolean();
        Await.until(name + " takes all files", () -> {
            // Mostly short, or the query would never end; between 50 ms and 40 s in all.
            long interval = random.nextInt(4) > 0 ? 50 + random.nextInt(250) : 500 + random.nextInt(39_500);
            stage().tuner.command("it/" + name, run, interval, Stage.LEASE_MS);
            managed.compareAndSet(false, stage().tuner.all(run, "heartbeat").stream().anyMatch(m -> m.get("managed").asBoolean()));
            Thread.sleep(random.nextInt(60));
            return job.committed(name) == FILES - 1;
        });
        assertTrue(managed.get(), "the query was never managed");
        return end(job, name);
    }

    /** The same, left to itself. */
    private static String leave(SparkJob job, String name, String... options) throws Exception {
        start(job, name, "100ms", options);
        Await.until(name + " takes all files", () -> job.committed(name) == FILES - 1);
        return end(job, name);
    }

    private static String start(SparkJob job, String name, String trigger, String... options) throws IOException {
        List<String> all = new ArrayList<>(List.of(options));
        all.addAll(List.of("checkpoint=yes", "reader.maxFilesPerTrigger=1"));
        String run = job.start(name, name, trigger, all.toArray(String[]::new));
        for (int file = 0; file < FILES; file++) {
            job.add(name, "k" + file % 5 + "," + file, "k" + file % 7 + "," + file, "n" + file + "," + file);
        }
        return run;
    }

    private static String end(SparkJob job, String name) throws IOException {
        String table = job.ask("table " + name, "table");
        job.stop(name);
        return table;
    }

    private static List<String> written(Path sink) throws IOException {
        List<String> rows = new ArrayList<>();
        try (Stream<Path> files = Files.list(sink)) {
            for (Path file : files.filter(path -> path.getFileName().toString().startsWith("part-")).toList()) {
                rows.addAll(Files.readAllLines(file));
            }
        }
        rows.sort(null);
        return rows;
    }
}
