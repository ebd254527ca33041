package io.rubato.it;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Measures attaching and stopping, and asserts nothing; not among the tests that run by default. */
class AttachFigures {
    private static final int REPEATS = 50;
    private static final int ATTACHMENTS = 10;
    private static final String INTERVAL = "600s";

    private static void say(String format, Object... values) {
        System.out.println("FIGURE " + String.format(format, values));
    }

    private static double quantile(List<Double> values, double q) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.get((int) Math.min(sorted.size() - 1, Math.floor(q * sorted.size())));
    }

    private static Driver driver(Path folder, String... flags) throws Exception {
        Driver driver = new Driver(folder.resolve("spark.log"), List.of(flags), Driver.classPath(), "io.rubato.jobs.ControlledJob");
        driver.awaitReady();
        // Class loading belongs to no figure.
        driver.ask("start first first " + INTERVAL, "started");
        driver.stop("first");
        return driver;
    }

    private static void attach(Driver driver, Broker broker, List<Double> hooks, List<Double> command) throws Exception {
        long before = System.nanoTime();
        AgentCommand said = AgentCommand.run("attach", driver.pid(), "brokers=" + broker.address(), "prefix=figures");
        command.add((System.nanoTime() - before) / 1e6);
        if (said.exitCode() != 0) {
            throw new IllegalStateException(said.toString());
        }
        hooks.add(Double.valueOf(said.out().replaceAll("(?s).*\\((\\d+) ms\\).*", "$1")));
    }

    @Test
    void attachAndStop() throws Exception {
        Path folder = Driver.folder("attach-figures");
        List<Double> hooks = new ArrayList<>();
        List<Double> command = new ArrayList<>();
        try (Broker broker = new Broker(folder.resolve("broker"))) {
            broker.start();
            try (Tuner topics = new Tuner(broker.address(), "figures")) {
                List<Double> firstHooks = new ArrayList<>();
                List<Double> firstCommand = new ArrayList<>();
                for (int i = 0; i < ATTACHMENTS; i++) {
                    try (Driver driver = driver(folder)) {
                        driver.ask("start live live 1s", "started");
                        attach(driver, broker, firstHooks, firstCommand);
                    }
                }
                say("hooks active in a live driver, from the agent's entry: p50 %.0f ms, worst %.0f ms; the whole command: p50 %.0f"
                        + " ms, worst %.0f ms (%d drivers)", quantile(firstHooks, 0.5), quantile(firstHooks, 1),
                        quantile(firstCommand, 0.5), quantile(firstCommand, 1), ATTACHMENTS);
                stops(folder, broker, hooks, command);
            }
        }
    }

    /** In turn, so that a busy minute of the machine meets all alike. */
    private static void stops(Path folder, Broker broker, List<Double> hooks, List<Double> command) throws Exception {
        List<List<Double>> stops = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        try (Driver without = driver(folder);
                Driver flagged = driver(folder, Driver.agent("prefix=figures,brokers=" + broker.address()));
                Driver attached = driver(folder)) {
            for (int i = 0; i < REPEATS; i++) {
                List<Driver> drivers = List.of(without, flagged, attached);
                for (int d = 0; d < drivers.size(); d++) {
                    String name = "q" + i;
                    drivers.get(d).ask("start " + name + " " + name + " " + INTERVAL, "started");
                    if (d == 2) {
                        attach(attached, broker, hooks, command);
                    }
                    // Into its wait: an empty folder's trigger is over long before.
                    Thread.sleep(500);
                    stops.get(d).add((double) drivers.get(d).stop(name));
                    if (d == 2) {
                        AgentCommand.run("detach", attached.pid());
                    }
                }
            }
        }
        String[] names = {"without the agent", "with the flag", "attached while it ran"};
        for (int d = 0; d < names.length; d++) {
            say("stop() %s: p50 %.0f ms, p90 %.0f ms, worst %.0f ms (%d queries)", names[d], quantile(stops.get(d), 0.5),
                    quantile(stops.get(d), 0.9), quantile(stops.get(d), 1), REPEATS);
        }
        say("attached again after a detachment: hooks active p50 %.0f ms, worst %.0f ms", quantile(hooks.subList(1, REPEATS), 0.5),
                quantile(hooks.subList(1, REPEATS), 1));
    }
}
