package io.rubato.it;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A Spark to test against, by its name in {@code sparks/fetch.sh}, which puts it there: a version; with {@code _} and
 * Scala's where it is not that version's usual one; with {@code @} and Java's where it is not the tests' own.
 */
record Spark(String name) {
    /** What the jobs were compiled against: there after every build. {@code -Ddriver.java=8} runs it on another Java. */
    static final Spark BUILT = new Spark("3.5.7" + (System.getProperty("driver.java") == null ? ""
            : "@" + System.getProperty("driver.java")));

    private static final Path FETCHED = Path.of(System.getProperty("it.target"), "sparks").toAbsolutePath();
    private static final Path JOBS = Path.of(System.getProperty("jobs.target")).toAbsolutePath().normalize();

    /** Those named by the system property {@code sparks}. */
    static List<Spark> underTest() {
        return Arrays.stream(System.getProperty("sparks").split("[ ,]+")).map(Spark::new).toList();
    }

    String version() {
        return name.replaceAll("[_@].*", "");
    }

    boolean isAtLeast(int major, int minor) {
        String[] parts = version().split("\\.");
        int ours = Integer.parseInt(parts[0]) * 1_000 + Integer.parseInt(parts[1]);
        return ours >= major * 1_000 + minor;
    }

    /** Whether this is a whole distribution, from PyPI. */
    boolean isDistribution() {
        return isAtLeast(4, 1);
    }

    /** Whether a Kafka connector of this Spark can be had. */
    boolean hasKafka() {
        return !name.contains("_");
    }

    /** Where the distribution lies: its SPARK_HOME. */
    Path home() {
        return FETCHED.resolve(version()).resolve("pyspark");
    }

    /** Whether it is to run on another Java than the tests' own. */
    boolean hasItsOwnJava() {
        return name.contains("@");
    }

    boolean isOnJava8() {
        return name.endsWith("@8");
    }

    private String javaHome() {
        if (!hasItsOwnJava()) {
            return System.getProperty("java.home");
        }
        return requireThere(FETCHED.resolve("java-" + name.replaceAll(".*@", ""))).toString();
    }

    /** Whether Python programs can be run on this Spark: the distribution is there, which is of the version's usual Scala. */
    boolean hasPython() {
        return !name.contains("_") && Files.exists(home());
    }

    /** Whether a Connect server of this Spark can be had, beside its Python. */
    boolean hasConnect() {
        return isAtLeast(4, 0) || Files.exists(connectJars());
    }

    private Path connectJars() {
        return FETCHED.resolve(version() + ".connect");
    }

    /** The jar of the Connect server, or nothing where the distribution has it among the others. */
    List<String> connectServer() throws IOException {
        return isAtLeast(4, 0) ? List.of()
                : List.of("--jars", Files.readString(requireThere(connectJars())).trim());
    }

    /** Spark's jars and its Kafka connector, as a class path. */
    String classPath() throws IOException {
        if (isDistribution()) {
            requireThere(home().resolve("jars"));
            return home().resolve("jars") + File.separator + "*" + File.pathSeparator + connector();
        }
        String artifacts = name.replaceAll("@.*", "");
        if (artifacts.equals(BUILT.version())) {
            return Files.readString(JOBS.resolve("classpath.txt")).trim();
        }
        return Files.readString(requireThere(FETCHED.resolve(artifacts + ".classpath"))).trim();
    }

    /** All of its jars. */
    List<File> jars() throws IOException {
        List<File> jars = new ArrayList<>();
        for (String entry : classPath().split(File.pathSeparator)) {
            if (entry.endsWith("*")) {
                jars.addAll(Arrays.asList(home().resolve("jars").toFile().listFiles()));
            } else {
                jars.add(new File(entry));
            }
        }
        return jars;
    }

    /** From 4.2 on one fits all. */
    private String connector() throws IOException {
        String file = isAtLeast(4, 2) ? "connector.classpath" : "connector-4.1.classpath";
        return Files.readString(requireThere(FETCHED.resolve(file))).trim();
    }

    private static Path requireThere(Path path) {
        if (!Files.exists(path)) {
            throw new IllegalStateException(path + " is missing: javaagent/it/sparks/fetch.sh fetches Sparks");
        }
        return path;
    }

    /** A driver with this main class: the distributions by their own spark-submit, the others by java. */
    Process driver(Path log, List<String> jvmFlags, String main) throws IOException {
        if (isDistribution()) {
            return submit(log, jvmFlags, List.of("--driver-class-path", jobs() + File.pathSeparator + connector(), "--class", main,
                    jobs()));
        }
        return java(log, jvmFlags, List.of("-cp", jobs() + File.pathSeparator + classPath(), main));
    }

    /** The Java that this is to run on, with the flags that Spark wants of it. */
    Process java(Path log, List<String> jvmFlags, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(javaHome() + "/bin/java", "-Xmx512m", "-XX:+UseSerialGC"));
        if (!isOnJava8()) { // It has no modules, and takes no file of arguments.
            command.add("@" + JOBS.resolve("jvm.args"));
        }
        command.addAll(jvmFlags);
        command.addAll(arguments);
        return Processes.start(log.toFile(), command, environment(Map.of()));
    }

    /** A distribution's spark-submit. */
    Process submit(Path log, List<String> jvmFlags, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(requireThere(home()).resolve("bin/spark-submit").toString(),
                "--driver-memory", "512m", "--driver-java-options", "-XX:+UseSerialGC " + String.join(" ", jvmFlags)));
        command.addAll(arguments);
        return Processes.start(log.toFile(), command, environment(Map.of("SPARK_HOME", home().toString())));
    }

    /** These variables and the Java to run on. */
    Map<String, String> environment(Map<String, String> more) {
        Map<String, String> all = new HashMap<>(more);
        all.put("JAVA_HOME", javaHome());
        return all;
    }

    private static String jobs() {
        return JOBS.resolve("rubato-jobs.jar").toString();
    }

    @Override
    public String toString() {
        return name;
    }
}
