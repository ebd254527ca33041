package io.rubato.it;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Measures the hooks inside a real driver, and asserts nothing; not among the tests that run by default. */
class HookFigures {
    private static final int WAKES = 1_000;
    private static final int BATCHES = 300;
    /** Batches that the JVM compiles in: what batches alone pass is interpreted for some hundred of them. */
    private static final int BATCHES_WARM = 500;
    /** Triggers and wakes that the JVM compiles in. */
    private static final int WARM = 200;
    private static final long BATCH_EVERY_MS = 150;
    private static final long SHORT_MS = 5;
    private static final long LONG_MS = 600_000;

    private final Path folder = Driver.folder("hook-figures");
    private final Random random = new Random(1);

    HookFigures() throws Exception {
    }

    private Driver driver(Path times, Broker broker) throws Exception {
        Driver driver = Driver.of(folder.resolve("spark.log"), List.of("-javaagent:" + AgentJars.of(HookTimesAgent.class, folder)
                + "=" + times, Driver.agent("prefix=hooks,brokers=" + broker.address())),
                AgentJars.byteBuddy() + File.pathSeparator + Driver.classPath());
        driver.awaitReady();
        return driver;
    }

    private static List<Double> read(Path times, String what, int warm, double unitNs) throws Exception {
        List<Double> values = new ArrayList<>();
        for (String line : Files.readAllLines(times)) {
            if (line.startsWith(what + " ")) {
                values.add(Long.parseLong(line.substring(what.length() + 1)) / unitNs);
            }
        }
        return values.subList(Math.min(warm, values.size()), values.size());
    }

    @Test
    void earlyWakeAndTheStreamThread() throws Exception {
        try (Broker broker = new Broker(folder.resolve("broker"))) {
            broker.start();
            try (Tuner tuner = new Tuner(broker.address(), "hooks")) {
                Path times = folder.resolve("times.txt");
                try (Driver driver = driver(times, broker)) {
                    wake(driver, tuner);
                    run(driver, tuner, "observed", BATCHES_WARM + 2 * BATCHES);
                    run(driver, tuner, "commanded", WARM + 2 * BATCHES);
                }
                Figure.say("a command in the JVM to the trigger that it starts, from wait entry: %s",
                        Figure.spread(read(times, "idle wake", WARM, 1e6), "ms"));
                sayTriggers("an empty trigger", "idle empty", WARM, times);
                sayTriggers("a trigger with a batch, nothing commanded", "observed batch", BATCHES_WARM, times);
                sayTriggers("a trigger with a batch, under a command", "commanded batch", WARM, times);
            }
        }
    }

    private static void sayTriggers(String which, String triggers, int warm, Path times) throws Exception {
        Figure.say("all hooks of %s on the stream thread of a real driver: %s", which,
                Figure.spread(read(times, triggers + " trigger", warm, 1e3), "us"));
        List<Double> cpu = read(times, triggers + " cpu", warm, 1e3);
        List<Double> own = read(times, triggers + " own", warm, 1e3);
        List<Double> hooks = new ArrayList<>();
        for (int i = 0; i < cpu.size(); i++) {
            hooks.add(cpu.get(i) - own.get(i));
        }
        Figure.say("of that CPU time: %s", Figure.spread(cpu, "us"));
        Figure.say("of that the measurement's own: %s", Figure.spread(own, "us"));
        Figure.say("CPU time of the hooks without it: %s", Figure.spread(hooks, "us"));
    }

    /** Ends a wait of ten minutes by command, over and over, at any moment of the loop. */
    private void wake(Driver driver, Tuner tuner) throws Exception {
        String run = driver.ask("start idle idle " + LONG_MS + "ms", "started");
        tuner.await("it follows", run, "started", m -> m.get("hooksActive").asBoolean());
        for (int i = 0; i < WAKES + WARM; i++) {
            tuner.command("it/idle", run, SHORT_MS, 60_000);
            Thread.sleep(30 + random.nextInt(30));
            tuner.command("it/idle", run, LONG_MS, 60_000);
            Thread.sleep(30 + random.nextInt(30));
        }
        driver.ask("stop idle", "stopped");
    }

    /** A query with a batch at nearly every trigger, on hooks that the JVM has compiled in the wakes before. */
    private static void run(Driver driver, Tuner tuner, String query, int batches) throws Exception {
        String run = driver.ask("start " + query + " " + query + " " + BATCH_EVERY_MS + "ms", "started");
        tuner.await("it follows", run, "started", m -> m.get("hooksActive").asBoolean());
        if (query.equals("commanded")) {
            tuner.command("it/" + query, run, BATCH_EVERY_MS, 3_600_000);
        }
        for (int i = 0; i < batches; i++) {
            driver.ask("add " + query, "added");
            Thread.sleep(BATCH_EVERY_MS);
        }
        driver.ask("stop " + query, "stopped");
    }
}
