package io.rubato.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The jar of {@link RivalAgent}, and its orders. */
final class Rival {
    private final Path jar;
    private final Path orders;
    private int given;

    Rival(Path folder) throws IOException {
        jar = AgentJars.of(RivalAgent.class, folder);
        orders = Files.createDirectories(folder.resolve("orders"));
    }

    /** The flags that give a driver this agent, and OpenTelemetry's before it, which sends nothing anywhere. */
    List<String> flags() {
        return List.of("-javaagent:" + AgentJars.dependency("opentelemetry-javaagent"), "-Dotel.traces.exporter=none",
                "-Dotel.metrics.exporter=none", "-Dotel.logs.exporter=none", "-javaagent:" + jar + "=" + orders);
    }

    /** Gives an order and waits until it is carried out; returns the number that the rival answers. */
    int order(String name) throws Exception {
        String file = name + ++given;
        Files.createFile(orders.resolve(file));
        Path done = orders.resolve(file + ".done");
        Await.until("the rival agent obeys " + name, () -> Files.exists(done));
        return Integer.parseInt(Files.readString(done));
    }
}
