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
    /** Triggers and wakes that the JVM compiles in. */
    private static final int WARM = 200;
    private static final long SHORT_MS = 5;
    private static final long LONG_MS = 600_000;

    private final Path folder = Driver.folder("hook-figures");
    private final Random random = new Random(1);

    HookFigures() throws Exception {
    }

    private Driver driver(Path times, Broker broker) throws Exception {
        Driver driver = new Driver(folder.resolve("spark.log"), List.of("-javaagent:" + AgentJars.of(HookTimesAgent.class, folder)
                + "=" + times, Driver.agent("prefix=hooks,brokers=" + broker.address())),
                AgentJars.byteBuddy() + File.pathSeparator + Driver.classPath(), "io.rubato.jobs.ControlledJob");
        driver.awaitReady();
        return driver;
    }

    private static List<Double> read(Path times, String what, double unitNs) throws Exception {
        List<Double> values = new ArrayList<>();
        for (String line : Files.readAllLines(times)) {
            if (line.startsWith(what + " ")) {
                values.add(Long.parseLong(line.substring(what.length() + 1)) / unitNs);
            }
        }
        return values.subList(Math.min(WARM, values.size()), values.size());
    }

    @Test
    void earlyWakeAndTheStreamThread() throws Exception {
        try (Broker broker = new Broker(folder.resolve("broker"))) {
            broker.start();
            try (Tuner tuner = new Tuner(broker.address(), "hooks")) {
                Path woken = folder.resolve("woken.txt");
                try (Driver driver = driver(woken, broker)) {
                    wake(driver, tuner);
                }
                Figure.say("a command in the JVM to the trigger that it starts, from wait entry: %s",
                        Figure.spread(read(woken, "wake", 1e6), "ms"));
                sayTriggers("an empty trigger", woken);
                Path busy = folder.resolve("busy.txt");
                try (Driver driver = driver(busy, broker)) {
                    run(driver);
                }
                sayTriggers("a trigger with a batch", busy);
            }
        }
    }

    private static void sayTriggers(String which, Path times) throws Exception {
        Figure.say("all hooks of %s on the stream thread of a real driver: %s", which,
                Figure.spread(read(times, "trigger", 1e3), "us"));
        Figure.say("of that CPU time: %s", Figure.spread(read(times, "cpu", 1e3), "us"));
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
    }

    private static void run(Driver driver) throws Exception {
        driver.ask("start busy busy 100ms", "started");
        for (int i = 0; i < BATCHES + WARM; i++) {
            driver.ask("add busy", "added");
            Thread.sleep(200);
        }
    }
}
