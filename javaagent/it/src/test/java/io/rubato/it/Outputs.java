package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A query gives the same output under intervals that change wildly as it does without the agent. */
interface Outputs {
    int FILES = 24;
    List<String> QUERIES = List.of("counts", "rows");

    Stage stage();

    /**
     * Row for row where the result does not depend on the batches' boundaries, the last value of each key otherwise, which
     * is the query's state. The batches are others: the driver without the agent takes file by file, ours what has come.
     */
    @Test
    @Proves(Promise.OUTPUT)
    default void theOutputIsThatOfADriverWithoutTheAgent() throws Exception {
        Path with = stage().folder.resolve("rows-with");
        Path without = stage().folder.resolve("rows-without");
        Driver job = stage().job;
        try (Driver plain = Driver.of(stage().spark, stage().folder.resolve("plain.log"), Stage.ONE_COMPILER)) {
            Map<String, String> runs = start(job, "30s", with, 1_000);
            plain.awaitReady();
            start(plain, "100ms", without, 1);
            for (int file = 0; file < FILES; file++) {
                add(plain, file);
            }
            conduct(runs);
            for (String query : QUERIES) {
                Await.until(query + " takes all files", () -> plain.committed(query) == FILES - 1);
            }
            assertEquals(plain.ask("table counts", "table"), job.ask("table counts", "table"));
            for (String query : QUERIES) {
                plain.stop(query);
                job.stop(query);
            }
        }
        List<String> rows = written(with);
        assertEquals(3 * FILES, rows.size());
        assertEquals(written(without), rows);
    }

    /** Two queries over the same files; gives their runs by name. */
    private static Map<String, String> start(Driver job, String trigger, Path sink, int filesInABatch) throws IOException {
        String[] options = {"checkpoint=yes", "reader.maxFilesPerTrigger=" + filesInABatch};
        return Map.of(
                "counts", job.start("counts", "counts", trigger, "plan=counts", "mode=update", "sink=table", options[0], options[1]),
                "rows", job.start("rows", "rows", trigger, "plan=rows", "sink=json:" + sink, options[0], options[1]));
    }

    private static void add(Driver job, int file) throws IOException {
        for (String query : QUERIES) {
            job.add(query, "k" + file % 5 + "," + file, "k" + file % 7 + "," + file, "n" + file + "," + file);
        }
    }

    /** From one command to the next, while files come, until both queries have taken all. */
    private void conduct(Map<String, String> runs) throws Exception {
        for (String run : runs.values()) {
            stage().attached(run);
        }
        Random random = new Random(1);
        AtomicInteger added = new AtomicInteger();
        Await.until("all files are taken under changing intervals", () -> {
            for (String query : QUERIES) {
                // Mostly short, or the query would never end; between 50 ms and 40 s in all.
                long interval = random.nextInt(4) > 0 ? 50 + random.nextInt(250) : 500 + random.nextInt(39_500);
                stage().tuner.command("it/" + query, runs.get(query), interval, Stage.LEASE_MS);
            }
            if (added.get() < FILES && random.nextBoolean()) {
                add(stage().job, added.getAndIncrement());
            }
            Thread.sleep(random.nextInt(100));
            return QUERIES.stream().allMatch(query -> taken(runs.get(query)) == 3 * FILES);
        });
        for (String run : runs.values()) {
            stage().tuner.awaitHeartbeat("managed", run,
                    m -> m.get("managed").asBoolean() && m.at("/stats/applied").asLong() > FILES);
        }
    }

    private long taken(String run) {
        return stage().tuner.all(run, "progress").stream().mapToLong(m -> m.at("/progress/numInputRows").asLong()).sum();
    }

    /** The lines of a file sink, sorted. */
    static List<String> written(Path sink) throws IOException {
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
