package io.rubato.it;

import java.io.BufferedReader;
import java.io.File;
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
    private final Process process;
    private final BufferedReader out;
    private final PrintStream in;
    private final Path log;
    /** Everything that the driver wrote on standard output. */
    private final List<String> lines = new ArrayList<>();

    SparkJob(Path log, String agentArgument) throws IOException {
        this.log = log;
        Path jobs = Path.of(System.getProperty("jobs.target"));
        process = Processes.java(log.toFile(), List.of(
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "@" + jobs.resolve("jvm.args"),
                "-javaagent:" + Path.of(System.getProperty("agent.jar")) + "=" + agentArgument,
                "-cp",
                jobs.resolve("rubato-jobs.jar") + File.pathSeparator + Files.readString(jobs.resolve("classpath.txt")).trim(),
                "io.rubato.jobs.ControlledJob"));
        out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        in = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
    }

    void awaitReady() throws IOException {
        answer("ready");
    }

    /** The run id of a query that was started. */
    String start(String alias, String name, String trigger) throws IOException {
        return ask("start " + alias + " " + name + " " + trigger, "started");
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
