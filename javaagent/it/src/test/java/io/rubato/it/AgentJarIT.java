package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;

/** What the jar promises to every JVM that is given it. */
class AgentJarIT {
    private static final String JAR = System.getProperty("agent.jar");

    private static final Pattern PLACES = Pattern.compile("META-INF/MANIFEST\\.MF"
            + "|io/rubato/agent/(bridge|premain|attach)/[^/]+\\.class"
            + "|core\\.jar"
            + "|core\\.jar!io/rubato/agent/core/.+\\.class"
            + "|core\\.jar!io/rubato/agent/shaded/(kafka|bytebuddy|jackson|slf4j)/.+\\.class");
    private static final List<String> RELOCATED = List.of("org/apache/kafka/", "net/bytebuddy/", "com/fasterxml/jackson/",
            "org/slf4j/");

    @Test
    void everyClassIsOurOwnOrRelocatedAndInItsPlace() throws Exception {
        assertEquals(List.of(), contents().keySet().stream().filter(name -> !PLACES.matcher(name).matches())
                // What Kafka's client says of itself.
                .filter(name -> !name.matches("core\\.jar!(META-INF/MANIFEST\\.MF|.*\\.properties|common/message/README\\.md)"))
                .toList());
    }

    /** The bytes of every file in the jar and in the jar inside, as Latin-1. */
    private static Map<String, String> contents() throws IOException {
        Map<String, String> contents = new TreeMap<>();
        try (JarFile jar = new JarFile(JAR); InputStream inner = jar.getInputStream(jar.getEntry("core.jar"));
                ZipInputStream core = new ZipInputStream(inner)) {
            for (JarEntry entry : jar.stream().filter(entry -> !entry.isDirectory()).toList()) {
                contents.put(entry.getName(), entry.getName().equals("core.jar") ? ""
                        : text(jar.getInputStream(entry).readAllBytes()));
            }
            for (ZipEntry entry = core.getNextEntry(); entry != null; entry = core.getNextEntry()) {
                if (!entry.isDirectory()) {
                    contents.put("core.jar!" + entry.getName(), text(core.readAllBytes()));
                }
            }
        }
        return contents;
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    @Test
    void theInnerJarIsStoredSoThatItCanBeReadInPlace() throws Exception {
        try (JarFile jar = new JarFile(JAR)) {
            assertEquals(ZipEntry.STORED, jar.getEntry("core.jar").getMethod());
        }
    }

    @Test
    void noClassRefersToALibraryUnderItsOwnName() throws Exception {
        List<String> found = new ArrayList<>();
        contents().forEach((entry, bytes) ->
                RELOCATED.stream().filter(bytes::contains).forEach(name -> found.add(entry + " names " + name)));
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
