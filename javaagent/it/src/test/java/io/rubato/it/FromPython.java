package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.File;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Queries that a Python program started, in a driver of its own or in a Spark Connect server, are managed as any other. */
interface FromPython {
    String NO_PYTHON = "Python is tried where the distribution from PyPI is fetched (`make it-all`)";
    Path SCRIPT = Path.of("src/test/python/query.py");

    Stage stage();

    @Test
    @Proves(Promise.PYSPARK)
    default void aQueryOfAPythonProgramIsManaged() throws Exception {
        Spark spark = stage().spark;
        assumeTrue(spark.hasPython(), NO_PYTHON);
        Process python = python("pyspark.log", Map.of("PYTHONPATH", spark.home().getParent().toString(), "PYSPARK_SUBMIT_ARGS",
                "--master local[2] --driver-memory 512m --driver-java-options '" + Stage.ONE_COMPILER + " "
                        + stage().agentFlag() + "' pyspark-shell"),
                "python", "600 seconds");
        isManaged(python, "python");
    }

    @Test
    @Proves(Promise.CONNECT)
    default void aQueryOfAConnectClientIsManagedInTheServer() throws Exception {
        Spark spark = stage().spark;
        assumeTrue(spark.isAtLeast(3, 4), "there is none before Spark 3.4");
        assumeTrue(spark.hasPython(), NO_PYTHON);
        assumeTrue(spark.hasConnect(), "no Connect server of this Spark resolves");
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        List<String> arguments = new ArrayList<>(List.of("--master", "local[2]", "--name", "it",
                "--conf", "spark.ui.enabled=false", "--conf", "spark.connect.grpc.binding.address=127.0.0.1",
                "--conf", "spark.connect.grpc.binding.port=" + port));
        arguments.addAll(spark.connectServer());
        arguments.addAll(List.of("--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"));
        Process server = spark.submit(stage().folder.resolve("connect.log"), List.of(Stage.ONE_COMPILER, stage().agentFlag()), arguments);
        try {
            Await.until("the Connect server listens", () -> Processes.listens(port));
            Path client = spark.home().getParent().resolveSibling("connect-client");
            Process python = python("client.log", Map.of("PYTHONPATH", spark.home().getParent() + File.pathSeparator + client),
                    "connected", "600 seconds", "sc://127.0.0.1:" + port);
            isManaged(python, "connected");
        } finally {
            Processes.end(server);
        }
    }

    private Process python(String log, Map<String, String> environment, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("python3", SCRIPT.toAbsolutePath().toString()));
        command.addAll(List.of(arguments));
        return Processes.start(stage().folder.resolve(log).toFile(), command, stage().spark.environment(environment));
    }

    private void isManaged(Process python, String name) throws Exception {
        try {
            BufferedReader out = python.inputReader();
            String line = out.readLine();
            while (line != null && line.contains(" WARN ")) { // Spark 3.3 logs on standard output until it is set up.
                line = out.readLine();
            }
            assertTrue(line != null && line.startsWith("started "), line + "; see " + stage().folder);
            String run = line.substring("started ".length());
            assertEquals("it/" + name, stage().attached(run).get("key").asText());
            JsonNode end = stage().waiting(run);
            stage().tuner.command("it/" + name, run, 200, Stage.LEASE_MS);
            JsonNode next = stage().tuner.nextStart(run, stage().tuner.nextStart(run, end));
            assertEquals(200, next.get("intervalMs").asLong());
            python.getOutputStream().close();
            assertEquals("stopped", out.readLine());
            assertTrue(python.waitFor(60, TimeUnit.SECONDS));
        } finally {
            Processes.end(python);
        }
    }
}
