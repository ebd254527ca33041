package io.rubato.agent.premain;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.jar.JarFile;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;

/**
 * The core's jar, kept whole as one uncompressed entry of the agent's own. Every JVM with the flag opens the outer jar, and
 * pays for each of its entries; the thousands of this one are looked at when a stream comes. It is read in place: an
 * uncompressed entry can be skipped through for nothing. Only what the build writes is understood: no comment, no zip64.
 */
final class InnerJar {
    static final String ENTRY = "core.jar";

    private static final int END_SIZE = 22;
    private static final int END = 0x06054b50;
    private static final int CENTRAL_SIZE = 46;
    private static final int LOCAL_SIZE = 30;

    private final JarFile outer;
    private final ZipEntry entry;
    private final Map<String, Place> places = new HashMap<>();

    /** Where one of its entries is. */
    private static final class Place {
        final long offset;
        final int compressed;
        final int size;
        final boolean deflated;

        Place(ByteBuffer central, int at) {
            offset = Integer.toUnsignedLong(central.getInt(at + 42));
            compressed = central.getInt(at + 20);
            size = central.getInt(at + 24);
            deflated = central.getShort(at + 10) != 0;
        }
    }

    InnerJar(JarFile outer) throws IOException {
        this.outer = outer;
        this.entry = outer.getEntry(ENTRY);
        if (entry == null) {
            throw new ZipException("no " + ENTRY + " in " + outer.getName());
        }
        ByteBuffer end = bytes(entry.getSize() - END_SIZE, END_SIZE);
        if (end.getInt(0) != END) {
            throw new ZipException(ENTRY + " in " + outer.getName() + " does not end as a jar");
        }
        ByteBuffer central = bytes(Integer.toUnsignedLong(end.getInt(16)), end.getInt(12));
        for (int at = 0; at < central.limit();) {
            int name = Short.toUnsignedInt(central.getShort(at + 28));
            places.put(new String(central.array(), at + CENTRAL_SIZE, name, StandardCharsets.UTF_8), new Place(central, at));
            at += CENTRAL_SIZE + name + Short.toUnsignedInt(central.getShort(at + 30))
                    + Short.toUnsignedInt(central.getShort(at + 32));
        }
    }

    /** The bytes of an entry, or null where there is none. */
    byte[] read(String name) throws IOException {
        Place place = places.get(name);
        if (place == null) {
            return null;
        }
        ByteBuffer local = bytes(place.offset, LOCAL_SIZE);
        long data = place.offset + LOCAL_SIZE + Short.toUnsignedInt(local.getShort(26)) + Short.toUnsignedInt(local.getShort(28));
        byte[] bytes = bytes(data, place.compressed).array();
        return place.deflated ? inflate(bytes, place.size) : bytes;
    }

    private static byte[] inflate(byte[] bytes, int size) throws IOException {
        Inflater inflater = new Inflater(true);
        try {
            byte[] whole = new byte[size];
            inflater.setInput(bytes);
            for (int done = 0; done < size;) {
                int more = inflater.inflate(whole, done, size - done);
                if (more == 0) {
                    throw new EOFException("an entry of " + ENTRY + " is cut short");
                }
                done += more;
            }
            return whole;
        } catch (DataFormatException damaged) {
            throw new IOException("an entry of " + ENTRY + " is damaged", damaged);
        } finally {
            inflater.end();
        }
    }

    private ByteBuffer bytes(long offset, int count) throws IOException {
        byte[] bytes = new byte[count];
        try (InputStream in = outer.getInputStream(entry)) {
            for (long left = offset; left > 0;) {
                long skipped = in.skip(left);
                if (skipped <= 0) {
                    throw new EOFException(ENTRY + " is cut short");
                }
                left -= skipped;
            }
            new DataInputStream(in).readFully(bytes);
        }
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
