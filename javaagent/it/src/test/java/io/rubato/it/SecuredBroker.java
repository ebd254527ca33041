package io.rubato.it;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A Kafka broker with a listener for SASL_SSL, where all of {@link #MECHANISMS} are taken, and one for TLS alone beside the
 * plain one; its certificate is made anew each time.
 */
final class SecuredBroker implements AutoCloseable {
    static final List<String> MECHANISMS = List.of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512");

    private static final String STORE_PASSWORD = "of-the-key-store";

    private final int plainPort = freePort();
    private final int securedPort = freePort();
    private final int tlsPort = freePort();
    private final Path folder;
    private final Map<String, String> users;
    private Process process;

    SecuredBroker(Path folder, Map<String, String> users) throws IOException {
        this.folder = Files.createDirectories(folder);
        this.users = users;
        int controller = freePort();
        String listeners = "PLAINTEXT://" + address() + ",SASL_SSL://" + securedAddress() + ",SSL://" + tlsAddress();
        String login = "org.apache.kafka.common.security.";
        StringBuilder plain = new StringBuilder(login + "plain.PlainLoginModule required");
        users.forEach((name, password) -> plain.append(" user_" + name + "=\"" + password + '"'));
        Files.writeString(folder.resolve("server.properties"), String.join("\n",
                "process.roles=broker,controller",
                "node.id=1",
                "controller.quorum.voters=1@127.0.0.1:" + controller,
                "listeners=" + listeners + ",CONTROLLER://127.0.0.1:" + controller,
                "advertised.listeners=" + listeners,
                "controller.listener.names=CONTROLLER",
                "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:PLAINTEXT",
                "inter.broker.listener.name=PLAINTEXT",
                "sasl.enabled.mechanisms=" + String.join(",", MECHANISMS),
                "listener.name.sasl_ssl.plain.sasl.jaas.config=" + plain + ';',
                "listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=" + login + "scram.ScramLoginModule required;",
                "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=" + login + "scram.ScramLoginModule required;",
                "ssl.keystore.type=PKCS12",
                "ssl.keystore.location=" + folder.resolve("server.p12"),
                "ssl.keystore.password=" + STORE_PASSWORD,
                "log.dirs=" + folder.resolve("data"),
                "num.partitions=1",
                "offsets.topic.replication.factor=1"));
    }

    String address() {
        return "127.0.0.1:" + plainPort;
    }

    String securedAddress() {
        return "127.0.0.1:" + securedPort;
    }

    String tlsAddress() {
        return "127.0.0.1:" + tlsPort;
    }

    /** The certificate, in PEM: it signed itself, so that it is the authority too. */
    Path authority() {
        return folder.resolve("authority.pem");
    }

    void start() throws Exception {
        makeCertificate();
        List<String> format = new ArrayList<>(List.of("kafka.tools.StorageTool", "format", "-t", "cnViYXRvLWl0LXJ1YmF0bw",
                "-c", folder.resolve("server.properties").toString()));
        for (String scram : MECHANISMS.stream().filter(mechanism -> mechanism.startsWith("SCRAM")).toList()) {
            users.forEach((name, password) ->
                    format.addAll(List.of("--add-scram", scram + "=[name=" + name + ",password=" + password + "]")));
        }
        end(java(format), "formatting the broker's folder");
        run();
    }

    /** Ends, and begins again where it was with another certificate. */
    void restartWithAnotherCertificate() throws Exception {
        close();
        makeCertificate();
        run();
    }

    private void makeCertificate() throws Exception {
        String store = folder.resolve("server.p12").toString();
        Files.deleteIfExists(folder.resolve("server.p12"));
        keytool("-genkeypair", "-alias", "broker", "-keyalg", "EC", "-dname", "CN=broker", "-ext", "san=ip:127.0.0.1",
                "-validity", "1", "-storetype", "PKCS12", "-keystore", store, "-storepass", STORE_PASSWORD);
        keytool("-exportcert", "-rfc", "-alias", "broker", "-file", authority().toString(), "-keystore", store,
                "-storepass", STORE_PASSWORD);
    }

    private void run() throws Exception {
        process = java(List.of("kafka.Kafka", folder.resolve("server.properties").toString()));
        for (int port : new int[] {plainPort, securedPort, tlsPort}) {
            Await.until("the broker listens", () -> Processes.listens(port));
        }
    }

    private void keytool(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("java.home") + File.separator + "bin" + File.separator + "keytool"));
        command.addAll(List.of(arguments));
        end(new ProcessBuilder(command).redirectErrorStream(true).start(), "making the broker's certificate");
    }

    private static void end(Process process, String what) throws Exception {
        String said = new String(process.getInputStream().readAllBytes());
        if (process.waitFor() != 0) {
            throw new IOException(what + " failed: " + said);
        }
    }

    private Process java(List<String> arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of("-Xmx256m", "-XX:+UseSerialGC", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))));
        all.addAll(arguments);
        return Processes.java(folder.resolve("broker.log").toFile(), all);
    }

    @Override
    public void close() throws InterruptedException {
        if (process != null) {
            Processes.end(process);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
