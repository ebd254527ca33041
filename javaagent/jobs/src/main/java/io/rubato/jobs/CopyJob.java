package io.rubato.jobs;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StreamingQuery;

/**
 * Copies lines of text from files to files, so that whoever wrote them can tell what was lost and what came twice. At the
 * word of standard input, one line each, and answers each with one line:
 *
 * <pre>
 * start NAME TRIGGER   started NAME RUN_ID   from FOLDER/NAME/in to FOLDER/NAME/out, checkpoint in FOLDER/NAME/state
 * stop NAME            stopped NAME MILLIS
 * </pre>
 *
 * The folder is the one argument. The end of standard input ends the job.
 */
public final class CopyJob {
    private final SparkSession spark = Session.start("copy", "local[2]");
    private final Map<String, StreamingQuery> queries = new HashMap<>();
    private final Path folder;

    private CopyJob(Path folder) {
        this.folder = folder;
    }

    public static void main(String[] arguments) throws Exception {
        CopyJob job = new CopyJob(Paths.get(arguments[0]));
        System.out.println("ready");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            System.out.println(words[0].equals("start") ? job.start(words[1], words[2]) : job.stop(words[1]));
        }
        System.exit(0);
    }

    private String start(String name, String trigger) throws IOException, TimeoutException {
        Path files = Files.createDirectories(folder.resolve(name).resolve("in"));
        StreamingQuery query = spark.newSession().readStream().text(files.toString()).writeStream()
                .queryName(name)
                .trigger(Session.trigger(trigger))
                .option("checkpointLocation", folder.resolve(name).resolve("state").toString())
                .format("text")
                .start(folder.resolve(name).resolve("out").toString());
        queries.put(name, query);
        return "started " + name + " " + query.runId();
    }

    private String stop(String name) throws TimeoutException {
        long before = System.nanoTime();
        queries.remove(name).stop();
        return "stopped " + name + " " + (System.nanoTime() - before) / 1_000_000;
    }
}
