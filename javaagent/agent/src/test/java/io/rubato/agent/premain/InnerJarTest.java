package io.rubato.agent.premain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.jar.JarFile;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InnerJarTest {
    private final byte[] small = {1, 2, 3};
    private final byte[] large = new byte[100_000];
    @TempDir
    Path folder;

    InnerJarTest() {
        new Random(1).nextBytes(large);
        Arrays.fill(large, 0, 50_000, (byte) 7);
    }

    private static void store(ZipOutputStream out, String name, byte[] bytes) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        CRC32 crc = new CRC32();
        crc.update(bytes);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(bytes.length);
        entry.setCrc(crc.getValue());
        out.putNextEntry(entry);
        out.write(bytes);
    }

    private byte[] inner() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream out = new ZipOutputStream(bytes)) {
            store(out, "a/Stored.class", small);
            out.putNextEntry(new ZipEntry("a/Deflated.class"));
            out.write(large);
            out.putNextEntry(new ZipEntry("a/Empty.class"));
        }
        return bytes.toByteArray();
    }

    private JarFile around(byte[] inner) throws IOException {
        File file = folder.resolve("outer" + inner.length + ".jar").toFile();
        try (OutputStream to = Files.newOutputStream(file.toPath()); ZipOutputStream out = new ZipOutputStream(to)) {
            store(out, InnerJar.ENTRY, inner);
        }
        return new JarFile(file, false);
    }

    @Test
    void everyEntryIsReadInPlaceHoweverItIsKept() throws IOException {
        try (JarFile outer = around(inner())) {
            InnerJar jar = new InnerJar(outer);
            assertArrayEquals(small, jar.read("a/Stored.class"));
            assertArrayEquals(large, jar.read("a/Deflated.class"));
            assertArrayEquals(new byte[0], jar.read("a/Empty.class"));
            assertNull(jar.read("a/Absent.class"));
        }
    }

    @Test
    void aJarThatIsCutShortIsRefused() throws IOException {
        byte[] whole = inner();
        try (JarFile outer = around(Arrays.copyOf(whole, whole.length - 5))) {
            assertThrows(IOException.class, () -> new InnerJar(outer));
        }
    }
}
