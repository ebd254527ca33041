package io.rubato.agent.core.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Collections;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandKeysTest {
    private static final String A = repeat("0a");
    private static final String B = repeat("0B");
    private static final byte[] KEY = bytes("shop/join");
    private static final byte[] VALUE = bytes("{\"v\":1}");
    /** Under A; the tuner's tests hold the same, and openssl made it. */
    private static final byte[] SIGNATURE = unhex("bacd37f6d9746820740491643e95bd0a892d4ec406e5ef769b5c000eb0fcf4d0");
    private static final long LATER_NS = 6_000_000_000L;

    @TempDir
    Path folder;

    private static String repeat(String digits) {
        return String.join("", Collections.nCopies(32, digits));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] unhex(String hex) {
        byte[] bytes = new byte[hex.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16);
        }
        return bytes;
    }

    private static CommandKeys given(String text) {
        return CommandKeys.find(null, Collections.singletonMap(CommandKeys.VARIABLE, text));
    }

    private static boolean takes(CommandKeys keys, String id) {
        return keys.verifies(bytes(id), SIGNATURE, KEY, VALUE);
    }

    @Test
    void theTunersSignatureIsTakenAndEveryOtherIsNot() {
        CommandKeys keys = given("# ours\nb " + B + "\n\n a  " + A + " \r\n");
        assertTrue(takes(keys, "a"));
        assertFalse(takes(keys, "b"));
        assertFalse(takes(keys, "c"));
        byte[] flipped = SIGNATURE.clone();
        flipped[31] ^= 1;
        assertFalse(keys.verifies(bytes("a"), flipped, KEY, VALUE));
        assertFalse(keys.verifies(bytes("a"), new byte[0], KEY, VALUE));
        assertFalse(keys.verifies(bytes("a"), SIGNATURE, KEY, null));
        assertFalse(keys.verifies(bytes("a"), SIGNATURE, bytes("shop/joi"), bytes("n{\"v\":1}")));
    }

    @Test
    void withoutKeysNoSignatureIsAskedFor() {
        assertNull(CommandKeys.find(null, Collections.emptyMap()));
        assertNull(given(""));
    }

    @Test
    void keysThatCannotBeReadRefuseEveryCommand() {
        assertFalse(takes(CommandKeys.find(folder.resolve("none").toString(), Collections.emptyMap()), "a"));
        assertFalse(takes(CommandKeys.find("\0", Collections.emptyMap()), "a"));
        assertFalse(takes(given("a 0a0a"), "a"));
        assertEquals("none", given("nonsense").names());
    }

    @Test
    void keysAreRotatedWithoutARestartAndAWrongFileLeavesThoseInUse() throws IOException {
        Path file = folder.resolve("keys");
        write(file, "b " + B, 1);
        CommandKeys keys = CommandKeys.find(file.toString(), Collections.singletonMap(CommandKeys.VARIABLE, "a " + A));
        long now = System.nanoTime();
        assertFalse(takesAt(keys, now), "the file wins over the environment");
        write(file, "b " + B + "\na " + A, 2);
        assertFalse(takesAt(keys, now), "the file is not looked at for every command");
        assertTrue(takesAt(keys, now += LATER_NS));
        write(file, "a", 3);
        assertTrue(takesAt(keys, now += LATER_NS));
        Files.delete(file);
        assertTrue(takesAt(keys, now += LATER_NS));
        write(file, "b " + B, 4);
        assertFalse(takesAt(keys, now + LATER_NS), "a key that was taken out is refused");
    }

    private static boolean takesAt(CommandKeys keys, long nowNs) {
        return keys.verifies(bytes("a"), SIGNATURE, KEY, VALUE, nowNs);
    }

    private static void write(Path file, String text, long second) throws IOException {
        Files.write(file, bytes(text));
        Files.setLastModifiedTime(file, FileTime.fromMillis(second * 1_000));
    }

    @Test
    void aWrongLineIsNamedByItsNumberAndNeverShown() {
        for (String wrong : new String[] {"a " + A + "\n" + B, "a " + A + "\nb 0b0b", "a " + A + "\na " + B, "# x\na/b " + A}) {
            String message = assertThrows(IOException.class, () -> CommandKeys.parse(wrong)).getMessage();
            assertTrue(message.startsWith("line 2 "), message);
            assertFalse(message.contains("0b0b") || message.contains("0B0B"), message);
        }
        assertThrows(IOException.class, () -> CommandKeys.parse("# nothing\n"));
    }
}
