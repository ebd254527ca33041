package io.rubato.it;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Measures the CPU time of a driver that is only observed, and asserts nothing; not among the tests that run by default. Two
 * drivers run the same job at the same time, one with the agent and one without, so that what the machine does beside it
 * meets both.
 */
class ObserveFigures {
    private static final int PAIRS = 2;
    private static final int WARM = 80;
    /** One after the other, since a driver's first minutes are those of the JVM's compiler too. */
    private static final int WINDOWS = 3;
    private static final int MEASURED = 240;
    private static final long EVERY_MS = 500;

    private final Path folder = Driver.folder("observe-figures");

    ObserveFigures() throws Exception {
    }

    private Driver driver(String... flags) throws Exception {
        return Driver.of(Spark.BUILT, folder.resolve("spark.log"), flags);
    }

    private static double cpuSeconds(Driver driver) {
        return ProcessHandle.of(Long.parseLong(driver.pid())).orElseThrow().info().totalCpuDuration().orElse(Duration.ZERO)
                .toMillis() / 1e3;
    }

    @Test
    void cpuOfADriverThatIsObserved() throws Exception {
        List<Window> windows = Stream.generate(Window::new).limit(WINDOWS).toList();
        try (Broker broker = new Broker(folder.resolve("broker"))) {
            broker.start();
            try (Tuner topics = new Tuner(broker.address(), "observe")) {
                for (int i = 0; i < PAIRS; i++) {
                    try (Driver plain = driver();
                            Driver observed = driver(Driver.agent("prefix=observe,brokers=" + broker.address()))) {
                        List<Driver> both = i % 2 == 0 ? List.of(plain, observed) : List.of(observed, plain);
                        for (Driver driver : both) {
                            driver.awaitReady();
                            driver.ask("start busy busy " + EVERY_MS + "ms", "started");
                        }
                        feed(both, WARM);
                        for (Window window : windows) {
                            double plainBefore = cpuSeconds(plain);
                            double observedBefore = cpuSeconds(observed);
                            feed(both, MEASURED);
                            window.add(cpuSeconds(plain) - plainBefore, cpuSeconds(observed) - observedBefore);
                        }
                    }
                }
            }
        }
        for (int i = 0; i < WINDOWS; i++) {
            windows.get(i).say((WARM + i * MEASURED) * EVERY_MS / 1_000);
        }
    }

    /** As long after the start of each pair of drivers. */
    private static final class Window {
        private final List<Double> without = new ArrayList<>();
        private final List<Double> with = new ArrayList<>();
        private final List<Double> ratios = new ArrayList<>();

        void add(double plain, double observed) {
            without.add(plain);
            with.add(observed);
            ratios.add(observed / plain);
        }

        void say(long fromS) {
            Figure.say("CPU of a driver with a small batch each %d ms, %d s from second %d on: %.2f s without the agent, %.2f s "
                    + "observed (means of %d); observed / without %.3f, pairs %.3f to %.3f", EVERY_MS, MEASURED * EVERY_MS / 1_000,
                    fromS, Figure.mean(without), Figure.mean(with), ratios.size(), Figure.mean(with) / Figure.mean(without),
                    Figure.quantile(ratios, 0), Figure.quantile(ratios, 1));
        }
    }

    private static void feed(List<Driver> drivers, int files) throws Exception {
        for (int i = 0; i < files; i++) {
            for (Driver driver : drivers) {
                driver.ask("add busy", "added");
            }
            Thread.sleep(EVERY_MS);
        }
    }
}
