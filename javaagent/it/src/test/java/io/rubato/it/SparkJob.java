package io.rubato.it;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A Spark driver with the agent, obeying one line at a time. */
final class SparkJob implements AutoCloseable {
    private static final String MAIN = "io.rubato.jobs.ControlledJob";

    private final Process process;
    private final BufferedReader out;
    private final PrintStream in;
    private final Path log;
    /** Everything that the driver wrote on standard output. */
    private final List<String> lines = new ArrayList<>();

    SparkJob(Path log, String agentArgument) throws IOException {
        this(log, Spark.BUILT.driver(log, List.of(agentFlag(agentArgument)), MAIN));
    }

    SparkJob(Spark spark, Path log, String agentArgument) throws IOException {
        this(log, spark.driver(log, List.of(Stage.ONE_COMPILER, agentFlag(agentArgument)), MAIN));
    }

    static String agentFlag(String argument) {
        return "-javaagent:" + Path.of(System.getProperty("agent.jar")).toAbsolutePath().normalize() + "=" + argument;
    }

    private SparkJob(Path log, Process process) {
        this.log = log;
        this.process = process;
        out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        in = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
    }

    static SparkJob withoutAgent(Spark spark, Path log) throws IOException {
        return new SparkJob(log, spark.driver(log, List.of(Stage.ONE_COMPILER), MAIN));
    }

    String pid() {
        return String.valueOf(process.pid());
    }

    void awaitReady() throws IOException {
        answer("ready");
    }

    /** The run id of a query that was started; the options are {@code io.rubato.jobs.Wanted}'s. */
    String start(String alias, String name, String trigger, String... options) throws IOException {
        return ask(String.join(" ", "start", alias, name, trigger, String.join(" ", options)).trim(), "started");
    }

    /** A file of these lines for the alias's folder. */
    void add(String alias, String... lines) throws IOException {
        ask(String.join(" ", "add", alias, String.join(" ", lines)).trim(), "added");
    }

    /** The last batch in the query's checkpoint, which it has to have asked for, or -1. */
    long committed(String alias) throws IOException {
        return Long.parseLong(ask("committed " + alias, "committed"));
    }

    /** What Spark's own listener was told of the alias's query so far. */
    Told told(String alias) throws IOException {
        return Told.read(ask("told " + alias, "told"));
    }

    /** Sends a line and reads the last word of the answer. */
    String ask(String line, String expected) throws IOException {
        in.println(line);
        String[] words = answer(expected).split(" ");
        return words[words.length - 1];
    }

    long stop(String alias) throws IOException {
        return Long.parseLong(ask("stop " + alias, "stopped"));
    }

    private String answer(String expected) throws IOException {
        String line = out.readLine();
        lines.add(line);
        if (line == null || !line.startsWith(expected)) {
            throw new AssertionError("expected '" + expected + "', the job said '" + line + "'; see " + log);
        }
        return line;
    }

    String log() throws IOException {
        return Files.readString(log);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    @Override
    public void close() throws InterruptedException {
        in.close();
        Processes.end(process);
    }
}
