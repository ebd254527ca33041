package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the jar promises to every JVM that is given it. */
class AgentJarIT {
    private static final String JAR = System.getProperty("agent.jar");

    private static final Pattern PLACES = Pattern.compile("META-INF/MANIFEST\\.MF"
            + "|io/rubato/agent/(bridge|premain|attach)/[^/]+\\.class"
            + "|inst/io/rubato/agent/core/.+\\.classdata"
            + "|inst/io/rubato/agent/shaded/(kafka|bytebuddy|jackson|slf4j)/.+\\.classdata");
    private static final List<String> RELOCATED = List.of("org/apache/kafka/", "net/bytebuddy/", "com/fasterxml/jackson/",
            "org/slf4j/");

    @Test
    void everyClassIsOurOwnOrRelocatedAndInItsPlace() throws Exception {
        try (JarFile jar = new JarFile(JAR)) {
            assertEquals(List.of(), jar.stream().map(JarEntry::getName)
                    .filter(name -> name.endsWith(".class") || name.endsWith(".classdata") || name.startsWith("META-INF/v"))
                    .filter(name -> !PLACES.matcher(name).matches()).toList());
        }
    }

    @Test
    void noClassRefersToALibraryUnderItsOwnName() throws Exception {
        List<String> found = new ArrayList<>();
        try (JarFile jar = new JarFile(JAR)) {
            for (JarEntry entry : jar.stream().filter(e -> PLACES.matcher(e.getName()).matches()).toList()) {
                String bytes = new String(jar.getInputStream(entry).readAllBytes(), StandardCharsets.ISO_8859_1);
                RELOCATED.stream().filter(bytes::contains).forEach(name -> found.add(entry + " names " + name));
            }
        }
        assertEquals(List.of(), found);
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
