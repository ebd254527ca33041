package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import javax.tools.ToolProvider;

/** Jars of agents that are classes of these tests, compiled again for Java 8, with the tests' own ByteBuddy. */
final class AgentJars {
    private AgentJars() {
    }

    /** The jar of this agent and of the classes inside it. */
    static Path of(Class<?> agent, Path folder) throws IOException {
        Path jar = folder.resolve(agent.getSimpleName() + ".jar");
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Premain-Class", agent.getName());
        manifest.getMainAttributes().putValue("Can-Retransform-Classes", "true");
        manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, byteBuddy().toUri().toString());
        Path classes = compile(agent, folder).resolve(Path.of("io", "rubato", "it"));
        try (OutputStream file = Files.newOutputStream(jar); JarOutputStream out = new JarOutputStream(file, manifest);
                var names = Files.list(classes)) {
            for (Path path : names.filter(p -> p.getFileName().toString().startsWith(agent.getSimpleName())).toList()) {
                out.putNextEntry(new JarEntry("io/rubato/it/" + path.getFileName()));
                try (InputStream in = Files.newInputStream(path)) {
                    in.transferTo(out);
                }
            }
        }
        return jar;
    }

    /** Where a driver on Java 8 can load it, too. */
    private static Path compile(Class<?> agent, Path folder) throws IOException {
        Path classes = Files.createDirectories(folder.resolve("classes"));
        Path source = Path.of("src", "test", "java", "io", "rubato", "it", agent.getSimpleName() + ".java");
        int exitCode = ToolProvider.getSystemJavaCompiler().run(null, null, null, "--release", "8", "-nowarn", "-Xlint:-options",
                "-cp", byteBuddy().toString(), "-d", classes.toString(), source.toString());
        assertEquals(0, exitCode, "compiling " + source);
        return classes;
    }

    /** The tests' own ByteBuddy, which is not the version in the agent's jar. */
    static Path byteBuddy() {
        return dependency("byte-buddy");
    }

    /** A jar on the tests' class path. */
    static Path dependency(String artifact) {
        String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return Arrays.stream(path.split(File.pathSeparator)).filter(jar -> jar.matches(".*/" + artifact + "-[\\d.]+\\.jar"))
                .map(Path::of).findFirst().orElseThrow();
    }
}
