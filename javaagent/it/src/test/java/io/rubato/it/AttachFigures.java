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

    private static Driver driver(Path folder, String... flags) throws Exception {
        Driver driver = Driver.of(Spark.BUILT, folder.resolve("spark.log"), flags);
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
                Figure.say("hooks active in a live driver, from the agent's entry: %s", Figure.spread(firstHooks, "ms"));
                Figure.say("the whole attach command: %s", Figure.spread(firstCommand, "ms"));
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
            Figure.say("stop() %s: %s", names[d], Figure.spread(stops.get(d), "ms"));
        }
        Figure.say("attached again after a detachment: hooks active %s", Figure.spread(hooks.subList(1, REPEATS), "ms"));
    }
}
