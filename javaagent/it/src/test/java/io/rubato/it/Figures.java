package io.rubato.it;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;

/** Measures, and asserts nothing; not among the tests that run by default. */
class Figures {
    private static final Path AGENT = Path.of(System.getProperty("agent.jar")).normalize();
    private static final Path JOBS = Path.of(System.getProperty("jobs.target")).normalize();
    private static final int SHORT_RUNS = 41;
    private static final int SPARK_RUNS = 7;
    private static final int DECISIONS = 2_000;

    private final Path folder = Files.createTempDirectory(
            Files.createDirectories(Path.of(System.getProperty("it.target"))), "figures-");

    Figures() throws IOException {
    }

    private List<String> java(List<String> arguments) throws Exception {
        Process process = Processes.java(folder.resolve("err.txt").toFile(), arguments);
        List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        process.waitFor();
        return lines;
    }

    @Test
    void sizeOfTheJar() throws IOException {
        Figure.say("jar: %.1f MB", Files.size(AGENT) / 1e6);
    }

    @Test
    void costWithoutStreams() throws Exception {
        Path stamp = folder.resolve("stamp.jar");
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Premain-Class", Stamp.class.getName());
        String entry = Stamp.class.getName().replace('.', '/') + ".class";
        try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(stamp), manifest);
                InputStream in = Stamp.class.getResourceAsStream("Stamp.class")) {
            jar.putNextEntry(new JarEntry(entry));
            in.transferTo(jar);
        }
        List<String> nothing = List.of("-cp", JOBS.resolve("rubato-jobs.jar").toString(), "io.rubato.jobs.Nothing");
        List<Double> premain = new ArrayList<>();
        List<Double> with = new ArrayList<>();
        List<Double> without = new ArrayList<>();
        for (int i = 0; i < SHORT_RUNS; i++) {
            without.add(millis(nothing));
            List<String> flagged = new ArrayList<>(List.of("-javaagent:" + AGENT));
            flagged.addAll(nothing);
            with.add(millis(flagged));
            List<String> stamped = new ArrayList<>(List.of("-javaagent:" + stamp, "-javaagent:" + AGENT, "-javaagent:" + stamp));
            stamped.addAll(nothing);
            List<String> lines = java(stamped);
            premain.add((Long.parseLong(lines.get(1)) - Long.parseLong(lines.get(0))) / 1e6);
        }
        Figure.say("premain: least %.1f ms, p50 %.1f ms over %d JVMs", Figure.quantile(premain, 0), Figure.quantile(premain, 0.5), SHORT_RUNS);
        Figure.say("JVM without streams: least %.0f ms without the agent, %.0f ms with it; medians %.0f and %.0f ms",
                Figure.quantile(without, 0), Figure.quantile(with, 0), Figure.quantile(without, 0.5), Figure.quantile(with, 0.5));
    }

    private double millis(List<String> arguments) throws Exception {
        long before = System.nanoTime();
        java(arguments);
        return (System.nanoTime() - before) / 1e6;
    }

    private List<String> spark(boolean withAgent, String brokers, String main) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("-Xmx512m", "@" + JOBS.resolve("jvm.args")));
        if (withAgent) {
            arguments.add("-javaagent:" + AGENT + "=prefix=figures,brokers=" + brokers);
        }
        arguments.addAll(List.of("-cp", JOBS.resolve("rubato-jobs.jar") + File.pathSeparator
                + Files.readString(JOBS.resolve("classpath.txt")).trim(), main));
        return arguments;
    }

    @Test
    void timeToTheFirstProgress() throws Exception {
        try (Broker broker = new Broker(folder.resolve("first"))) {
            broker.start();
            try (Tuner topics = new Tuner(broker.address(), "figures")) {
                List<List<Double>> start = List.of(new ArrayList<>(), new ArrayList<>());
                List<List<Double>> uptime = List.of(new ArrayList<>(), new ArrayList<>());
                for (int i = 0; i < SPARK_RUNS * 2; i++) {
                    String[] words = java(spark(i % 2 == 1, broker.address(), "io.rubato.jobs.FirstProgressJob")).get(0).split(" ");
                    start.get(i % 2).add(Double.valueOf(words[1]));
                    uptime.get(i % 2).add(Double.valueOf(words[2]));
                }
                Figure.say("first progress after start(): %.0f ms without the agent, %.0f ms with it, %+.0f ms (medians of %d)",
                        Figure.quantile(start.get(0), 0.5), Figure.quantile(start.get(1), 0.5),
                        Figure.quantile(start.get(1), 0.5) - Figure.quantile(start.get(0), 0.5), SPARK_RUNS);
                Figure.say("first progress after the JVM's start: %.0f ms without, %.0f ms with, %+.0f ms (medians of %d)",
                        Figure.quantile(uptime.get(0), 0.5), Figure.quantile(uptime.get(1), 0.5),
                        Figure.quantile(uptime.get(1), 0.5) - Figure.quantile(uptime.get(0), 0.5), SPARK_RUNS);
            }
        }
    }

    @Test
    void heap() throws Exception {
        try (Broker broker = new Broker(folder.resolve("heap"))) {
            broker.start();
            try (Tuner topics = new Tuner(broker.address(), "figures")) {
                List<List<Double>> used = List.of(new ArrayList<>(), new ArrayList<>());
                for (int i = 0; i < 6; i++) {
                    List<String> arguments = new ArrayList<>(spark(i % 2 == 1, broker.address(), "io.rubato.jobs.IdleJob"));
                    arguments.addAll(List.of("--interval", "1s"));
                    Process process = Processes.java(folder.resolve("err.txt").toFile(), arguments);
                    process.inputReader().readLine();
                    Thread.sleep(12_000);
                    used.get(i % 2).add(heapAfterCollection(process.pid()));
                    Processes.end(process);
                }
                Figure.say("heap after a full collection, idle query: %.1f MB without, %.1f MB with, +%.1f MB (medians of 3)",
                        Figure.quantile(used.get(0), 0.5), Figure.quantile(used.get(1), 0.5),
                        Figure.quantile(used.get(1), 0.5) - Figure.quantile(used.get(0), 0.5));
            }
        }
    }

    private static double heapAfterCollection(long pid) throws IOException {
        String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
        Process histogram = new ProcessBuilder(jcmd, String.valueOf(pid), "GC.class_histogram").start();
        String[] lines = new String(histogram.getInputStream().readAllBytes(), StandardCharsets.UTF_8).split("\n");
        String[] total = lines[lines.length - 1].trim().split("\\s+");
        return Double.parseDouble(total[2]) / 1e6;
    }

    @Test
    void wayRound() throws Exception {
        try (Broker broker = new Broker(folder.resolve("way"))) {
            broker.start();
            try (Tuner tuner = new Tuner(broker.address(), "way");
                    Driver job = Driver.of(Spark.BUILT, folder.resolve("spark.log"),
                            Driver.agent("prefix=way,brokers=" + broker.address()))) {
                job.awaitReady();
                String run = job.start("idle", "idle", "1s");
                tuner.await("started", run, "started", m -> m.get("hooksActive").asBoolean());
                tuner.answerTriggers("it/idle", run, 20);
                tuner.command("it/idle", run, 20, 10_000);
                JsonNode beat = null;
                while (beat == null || beat.at("/stats/roundTrip/count").asLong() < DECISIONS) {
                    Thread.sleep(1_000);
                    List<JsonNode> beats = tuner.all(run, "heartbeat");
                    beat = beats.get(beats.size() - 1);
                }
                tell(beat.at("/stats/roundTrip"));
            }
        }
    }

    private static void tell(JsonNode histogram) {
        TreeMap<Integer, Long> buckets = new TreeMap<>();
        for (Iterator<Map.Entry<String, JsonNode>> i = histogram.get("buckets").fields(); i.hasNext();) {
            Map.Entry<String, JsonNode> bucket = i.next();
            buckets.put(Integer.valueOf(bucket.getKey()), bucket.getValue().asLong());
        }
        long total = histogram.get("count").asLong();
        Figure.say("metric sent to interval applied, Kafka broker: p50 %.2f ms, p90 %.2f ms, p99 %.2f ms over %d decisions",
                upper(buckets, total, 0.5), upper(buckets, total, 0.9), upper(buckets, total, 0.99), total);
    }

    private static double upper(TreeMap<Integer, Long> buckets, long total, double q) {
        long seen = 0;
        for (Map.Entry<Integer, Long> bucket : buckets.entrySet()) {
            seen += bucket.getValue();
            if (seen >= q * total) {
                return Math.pow(1.05, bucket.getKey() + 1) / 1_000;
            }
        }
        return Double.NaN;
    }
}
