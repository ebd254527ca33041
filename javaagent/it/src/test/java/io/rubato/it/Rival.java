package io.rubato.it;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

/** The jar of {@link RivalAgent}, and its orders. */
final class Rival {
    private final Path jar;
    private final Path orders;
    private int given;

    Rival(Path folder) throws IOException {
        jar = folder.resolve("rival.jar");
        orders = Files.createDirectories(folder.resolve("orders"));
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Premain-Class", RivalAgent.class.getName());
        manifest.getMainAttributes().putValue("Can-Retransform-Classes", "true");
        manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, byteBuddy().toUri().toString());
        Path classes = Path.of(System.getProperty("it.target"), "test-classes", "io", "rubato", "it");
        try (OutputStream file = Files.newOutputStream(jar); JarOutputStream out = new JarOutputStream(file, manifest);
                var names = Files.list(classes)) {
            for (Path path : names.filter(p -> p.getFileName().toString().startsWith("RivalAgent")).toList()) {
                out.putNextEntry(new JarEntry("io/rubato/it/" + path.getFileName()));
                try (InputStream in = Files.newInputStream(path)) {
                    in.transferTo(out);
                }
            }
        }
    }

    /** The test's own ByteBuddy, which is not the version in the agent's jar. */
    static Path byteBuddy() {
        return dependency("byte-buddy");
    }

    private static Path dependency(String artifact) {
        String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return Arrays.stream(path.split(File.pathSeparator)).filter(jar -> jar.matches(".*/" + artifact + "-[\\d.]+\\.jar"))
                .map(Path::of).findFirst().orElseThrow();
    }

    /** The flags that give a driver this agent, and OpenTelemetry's before it, which sends nothing anywhere. */
    List<String> flags() {
        return List.of("-javaagent:" + dependency("opentelemetry-javaagent"), "-Dotel.traces.exporter=none",
                "-Dotel.metrics.exporter=none", "-Dotel.logs.exporter=none", "-javaagent:" + jar + "=" + orders);
    }

    /** Gives an order and waits until it is carried out; returns how often the rival's own advice has run. */
    int order(String name) throws Exception {
        String file = name + ++given;
        Files.createFile(orders.resolve(file));
        Path done = orders.resolve(file + ".done");
        Await.until("the rival agent obeys " + name, () -> Files.exists(done));
        return Integer.parseInt(Files.readString(done));
    }
}
