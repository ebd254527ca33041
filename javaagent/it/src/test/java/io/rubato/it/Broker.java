package io.rubato.it;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A Kafka broker in combined KRaft mode, in its own JVM, on loopback. */
final class Broker implements AutoCloseable {
    private final int port = freePort();
    private final Path folder;
    private Process process;

    Broker(Path folder) throws IOException {
        this(folder, 0);
    }

    /** @param advertised the port that clients are sent to, where it is not the broker's own; else 0 */
    Broker(Path folder, int advertised) throws IOException {
        this.folder = Files.createDirectories(folder);
        int controller = freePort();
        Files.writeString(folder.resolve("server.properties"), String.join("\n",
                "process.roles=broker,controller",
                "node.id=1",
                "controller.quorum.voters=1@127.0.0.1:" + controller,
                "listeners=PLAINTEXT://127.0.0.1:" + port + ",CONTROLLER://127.0.0.1:" + controller,
                "advertised.listeners=PLAINTEXT://127.0.0.1:" + (advertised == 0 ? port : advertised),
                "controller.listener.names=CONTROLLER",
                "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                "log.dirs=" + folder.resolve("data"),
                "num.partitions=1",
                "offsets.topic.replication.factor=1"));
    }

    int port() {
        return port;
    }

    String address() {
        return "127.0.0.1:" + port;
    }

    void start() throws Exception {
        if (!Files.exists(folder.resolve("data"))) {
            Process format = java("kafka.tools.StorageTool", "format", "-t", "cnViYXRvLWl0LXJ1YmF0bw", "-c",
                    folder.resolve("server.properties").toString());
            format.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
            if (format.waitFor() != 0) {
                throw new IOException("the broker's folder cannot be formatted: see " + log());
            }
        }
        process = java("kafka.Kafka", folder.resolve("server.properties").toString());
        Await.until("the broker listens", () -> Processes.listens(port));
    }

    private Process java(String... arguments) throws IOException {
        List<String> all = new java.util.ArrayList<>(List.of("-Xmx256m", "-XX:+UseSerialGC", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))));
        all.addAll(List.of(arguments));
        return Processes.java(log(), all);
    }

    private File log() {
        return folder.resolve("broker.log").toFile();
    }

    @Override
    public void close() throws InterruptedException {
        if (process != null) {
            Processes.end(process);
            process = null;
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
