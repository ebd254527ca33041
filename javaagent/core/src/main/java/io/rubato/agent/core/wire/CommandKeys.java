package io.rubato.agent.core.wire;

import io.rubato.agent.core.AgentLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The keys that commands must be signed with, by name. A signature is the HMAC-SHA-256 of the length of the record's key
 * (four bytes, big-endian), the key, and the raw value.
 *
 * <p>A file is looked at every few seconds while commands come, and taken up when it has changed; one that turns wrong
 * leaves the keys that were in use. Keys that could never be read refuse every command. Used by the receiver's thread
 * alone.
 */
public final class CommandKeys {
    /** Holds the keys where there is no file. */
    public static final String VARIABLE = "RUBATO_KAFKA_KEYS";

    private static final String ALGORITHM = "HmacSHA256";
    private static final long LOOK_EVERY_NS = 5_000_000_000L;
    private static final Pattern LINE = Pattern.compile("([A-Za-z0-9._-]{1,64})\\s+((?:[0-9A-Fa-f]{2}){32,})");

    private final Path file;
    private Map<String, SecretKeySpec> keys = Collections.emptyMap();
    private long lookedNs;
    private FileTime seenTime;
    private long seenSize = -1;

    private CommandKeys(Path file) {
        this.file = file;
    }

    /**
     * The keys of a file, or of the environment where no file is given; null where neither has any: then commands need no
     * signature.
     */
    public static CommandKeys find(String file, Map<String, String> environment) {
        String given = environment.get(VARIABLE);
        if (file != null) {
            return ofFile(file);
        }
        return given == null || given.isEmpty() ? null : ofText(given);
    }

    private static CommandKeys ofFile(String name) {
        Path path;
        try {
            path = Paths.get(name);
        } catch (RuntimeException invalid) {
            AgentLog.warn("keysFile '" + name + "' is no path: every command is refused");
            return new CommandKeys(null);
        }
        CommandKeys keys = new CommandKeys(path);
        keys.look(System.nanoTime());
        return keys;
    }

    private static CommandKeys ofText(String text) {
        CommandKeys keys = new CommandKeys(null);
        try {
            keys.keys = parse(text);
        } catch (IOException wrong) {
            AgentLog.warn(VARIABLE + ": " + wrong.getMessage() + ": every command is refused");
        }
        return keys;
    }

    /** The names of the keys in use. */
    public String names() {
        return keys.isEmpty() ? "none" : String.join(", ", keys.keySet());
    }

    /** Whether this signature, under the key of this name, is that of the record. Takes as long for a wrong one. */
    public boolean verifies(byte[] keyId, byte[] signature, byte[] key, byte[] value) {
        return verifies(keyId, signature, key, value, System.nanoTime());
    }

    boolean verifies(byte[] keyId, byte[] signature, byte[] key, byte[] value, long nowNs) {
        if (file != null && nowNs - lookedNs > LOOK_EVERY_NS) {
            look(nowNs);
        }
        SecretKeySpec secret = keys.get(new String(keyId, StandardCharsets.UTF_8));
        if (secret == null || value == null || value.length > DecisionDecoder.LONGEST_BYTES) {
            return false;
        }
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(secret);
            mac.update(ByteBuffer.allocate(4).putInt(key.length).array());
            mac.update(key);
            return MessageDigest.isEqual(mac.doFinal(value), signature);
        } catch (GeneralSecurityException absent) {
            AgentLog.warnOnce("hmac", "this JVM has no " + ALGORITHM + ": every command is refused");
            return false;
        }
    }

    /** Takes the file up where it has changed. */
    private void look(long nowNs) {
        lookedNs = nowNs;
        try {
            FileTime time = Files.getLastModifiedTime(file);
            long size = Files.size(file);
            if (time.equals(seenTime) && size == seenSize) {
                return;
            }
            keys = parse(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
            seenTime = time;
            seenSize = size;
            AgentLog.info("commands are taken that are signed with one of the keys " + names());
        } catch (IOException | RuntimeException unreadable) {
            AgentLog.warnOnce("keysFile " + keys.isEmpty(), "keysFile cannot be used (" + unreadable + "): "
                    + (keys.isEmpty() ? "every command is refused" : "the keys in use stay"));
        }
    }

    /** A name and hexadecimal digits a line. Errors name lines, and never what stands in them. */
    static Map<String, SecretKeySpec> parse(String text) throws IOException {
        Map<String, SecretKeySpec> keys = new HashMap<>();
        int number = 0;
        for (String raw : text.split("\n")) {
            number++;
            String line = raw.trim();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            Matcher matcher = LINE.matcher(line);
            if (!matcher.matches()) {
                throw new IOException("line " + number + " is not a name and 64 or more hexadecimal digits");
            }
            if (keys.put(matcher.group(1), new SecretKeySpec(bytes(matcher.group(2)), ALGORITHM)) != null) {
                throw new IOException("line " + number + " has the name of a key above");
            }
        }
        if (keys.isEmpty()) {
            throw new IOException("it holds no key");
        }
        return keys;
    }

    private static byte[] bytes(String hex) {
        byte[] bytes = new byte[hex.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16);
        }
        return bytes;
    }
}
