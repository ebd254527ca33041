package io.rubato.it;

import com.sun.tools.attach.VirtualMachine;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/** A Spark driver of its own, obeying one line at a time. */
final class Driver implements AutoCloseable {
    private static final String CONTROLLED = "io.rubato.jobs.ControlledJob";
    private static final Path JOBS = Path.of(System.getProperty("jobs.target")).toAbsolutePath().normalize();

    private final Process process;
    private final BufferedReader out;
    private final PrintStream in;
    private final Path log;

    /** The jobs, and the Spark that they were built with. */
    static String classPath() throws IOException {
        return JOBS.resolve("rubato-jobs.jar") + File.pathSeparator + Files.readString(JOBS.resolve("classpath.txt")).trim();
    }

    /** A {@code CopyJob} in its folder, of the Spark that the jobs were built with, with this class path. */
    static Driver ofCopies(Path folder, List<String> flags, String classPath) throws IOException {
        Path log = folder.resolve("spark.log");
        return new Driver(log, Spark.BUILT.java(log, flags, List.of("-cp", classPath, "io.rubato.jobs.CopyJob", folder.toString())));
    }

    /** A {@code ControlledJob}, of the Spark that the jobs were built with, with this class path. */
    static Driver of(Path log, List<String> flags, String classPath) throws IOException {
        return new Driver(log, Spark.BUILT.java(log, flags, List.of("-cp", classPath, CONTROLLED)));
    }

    /** A {@code ControlledJob} of this Spark. */
    static Driver of(Spark spark, Path log, String... flags) throws IOException {
        return new Driver(log, spark.driver(log, List.of(flags), CONTROLLED));
    }

    private Driver(Path log, Process process) {
        this.log = log;
        this.process = process;
        out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        in = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
    }

    static String agent(String argument) {
        return "-javaagent:" + AgentCommand.JAR + "=" + argument;
    }

    static Path folder(String prefix) throws IOException {
        return Files.createTempDirectory(Files.createDirectories(Path.of(System.getProperty("it.target")).toAbsolutePath()),
                prefix + "-");
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

    /** Waits for so many more of the alias's triggers, as Spark tells of them. */
    void awaitTriggers(String alias, int more) throws Exception {
        int before = told(alias).starts().size();
        Await.until("triggers as Spark tells of them", () -> told(alias).starts().size() >= before + more);
    }

    /** Sends a line and reads the last word of the answer. */
    String ask(String line, String expected) throws IOException {
        in.println(line);
        String[] words = answer(expected).split(" ");
        return words[words.length - 1];
    }

    /** Lets the job's main return, whatever still runs. */
    void letMainReturn() {
        in.println("return");
    }

    long stop(String query) throws IOException {
        return Long.parseLong(ask("stop " + query, "stopped"));
    }

    private String answer(String expected) throws IOException {
        String line = out.readLine();
        if (line == null || !line.startsWith(expected)) {
            throw new AssertionError("expected '" + expected + "', the job said '" + line + "'; see " + log);
        }
        return line;
    }

    /** What the agent said, and all else on standard error. */
    String log() throws IOException {
        return Files.readString(log);
    }

    int said(String part) throws IOException {
        return log().split(java.util.regex.Pattern.quote(part), -1).length - 1;
    }

    /** An attribute of the agent's JMX bean. */
    Object bean(String attribute) throws Exception {
        VirtualMachine vm = VirtualMachine.attach(pid());
        try (JMXConnector connector = JMXConnectorFactory.connect(new JMXServiceURL(vm.startLocalManagementAgent()))) {
            return connector.getMBeanServerConnection().getAttribute(new ObjectName("io.rubato:type=Agent"), attribute);
        } finally {
            vm.detach();
        }
    }

    String pid() {
        return String.valueOf(process.pid());
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
