package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;

/** What the jar promises to every JVM that is given it. */
class AgentJarIT {
    private static final String JAR = System.getProperty("agent.jar");

    @Test
    void onlyOurOwnAndRelocatedClassesAreInTheJar() throws Exception {
        try (JarFile jar = new JarFile(JAR)) {
            List<String> classes = jar.stream().map(entry -> entry.getName())
                    .filter(name -> name.endsWith(".class") || name.endsWith(".classdata")).toList();
            assertEquals(List.of(), classes.stream()
                    .filter(name -> !name.startsWith("io/rubato/agent/") && !name.startsWith("inst/io/rubato/agent/")).toList());
            assertEquals(List.of(), classes.stream().filter(name -> name.startsWith("io/rubato/agent/")
                    && !name.startsWith("io/rubato/agent/bridge/") && !name.startsWith("io/rubato/agent/premain/")).toList());
            assertEquals(0, jar.stream().filter(entry -> entry.getName().startsWith("META-INF/versions")).count());
        }
    }

    @Test
    void aJvmWithoutStreamsLoadsTheGateAloneAndPrintsNothing() throws Exception {
        Path folder = Files.createTempDirectory(Files.createDirectories(Path.of(System.getProperty("it.target"))), "jar-");
        File loaded = folder.resolve("loaded.txt").toFile();
        Process process = Processes.java(folder.resolve("err.txt").toFile(), List.of("-javaagent:" + JAR + "=colour=red",
                "-Xlog:class+load:file=" + loaded, "-cp", System.getProperty("jobs.target") + "/rubato-jobs.jar",
                "io.rubato.jobs.Nothing"));
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor());
        assertEquals("", out);
        assertEquals("", Files.readString(folder.resolve("err.txt")));
        List<String> ours = Files.readAllLines(loaded.toPath()).stream().filter(line -> line.contains("io.rubato.agent")).toList();
        assertTrue(ours.stream().anyMatch(line -> line.contains("premain.Gate")));
        assertFalse(ours.stream().anyMatch(line -> line.contains("shaded") || line.contains("agent.core")), ours.toString());
    }
}
