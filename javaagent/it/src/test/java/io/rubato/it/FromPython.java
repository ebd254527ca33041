package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Queries that a Python program started, in a driver of its own or in a Spark Connect server, are managed as any other. */
interface FromPython {
    String NO_PYTHON = "no distribution with Python of this Spark and Scala is fetched (`make it-all` fetches more)";
    Path SCRIPT = Path.of("src/test/python/query.py");

    Stage stage();

    @Test
    @Proves(Promise.PYSPARK)
    default void theRecipesEnvironmentGivesTheAgentToASessionThatSomebodyElseMakes() throws Exception {
        assumeTrue(stage().spark.hasPython(), NO_PYTHON);
        String line = Recipe.block("sh", "PYSPARK_SUBMIT_ARGS", stage().agentFlag()).trim();
        Process python = python("pyspark.log", Map.of("PYTHONPATH", pythonPath(), "PYSPARK_SUBMIT_ARGS",
                line.replaceAll("^export PYSPARK_SUBMIT_ARGS='|'$", "")), SCRIPT, "python", "600 seconds");
        isManaged(python, "it", "python");
    }

    @Test
    @Proves(Promise.PYSPARK)
    default void theRecipeOfAScriptGivesItsOwnSessionTheAgent() throws Exception {
        assumeTrue(stage().spark.hasPython(), NO_PYTHON);
        Path script = stage().folder.resolve("script.py");
        Files.writeString(script, Recipe.block("python", "defaultJavaOptions", stage().agentFlag()) + Files.readString(SCRIPT));
        // The script gets the session that the recipe made.
        Process python = python("script.log", Map.of("PYTHONPATH", pythonPath()), script, "script", "600 seconds");
        isManaged(python, "orders", "script");
    }

    @Test
    @Proves(Promise.CONNECT)
    default void aQueryOfAConnectClientIsManagedInTheServer() throws Exception {
        Spark spark = stage().spark;
        assumeTrue(spark.isAtLeast(3, 4), "there is none before Spark 3.4");
        assumeTrue(spark.hasPython(), NO_PYTHON);
        assumeTrue(spark.hasConnect(), "no Connect server of this Spark could be fetched");
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
            Process python = python("client.log", Map.of("PYTHONPATH", pythonPath() + File.pathSeparator + client), SCRIPT,
                    "connected", "600 seconds", "sc://127.0.0.1:" + port);
            isManaged(python, "it", "connected");
        } finally {
            Processes.end(server);
        }
    }

    private String pythonPath() {
        return stage().spark.home().getParent().toString();
    }

    private Process python(String log, Map<String, String> environment, Path script, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("python3", script.toAbsolutePath().toString()));
        command.addAll(List.of(arguments));
        return Processes.start(stage().folder.resolve(log).toFile(), command, stage().spark.environment(environment));
    }

    private void isManaged(Process python, String application, String name) throws Exception {
        String key = application + "/" + name;
        try {
            BufferedReader out = python.inputReader();
            String run = awaitLine(out, "started ").substring("started ".length());
            assertEquals(key, stage().attached(run).get("key").asText());
            JsonNode end = stage().waiting(run);
            stage().tuner.command(key, run, 200, Stage.LEASE_MS);
            JsonNode next = stage().tuner.nextStart(run, stage().tuner.nextStart(run, end));
            assertEquals(200, next.get("intervalMs").asLong());
            python.getOutputStream().close();
            awaitLine(out, "stopped");
            assertTrue(python.waitFor(60, TimeUnit.SECONDS));
        } finally {
            Processes.end(python);
        }
    }

    /** The program's next line that begins so: Spark 3.3 has its log on standard output, too. */
    private String awaitLine(BufferedReader out, String prefix) throws IOException {
        String line = out.readLine();
        while (line != null && !line.startsWith(prefix)) {
            line = out.readLine();
        }
        assertNotNull(line, "the program ended before it said '" + prefix + "'; see " + stage().folder);
        return line;
    }
}
