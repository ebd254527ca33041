package io.rubato.it;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Stands between a client and a port of this machine, and behaves as it is told. */
final class BadNetwork implements AutoCloseable {
    /** What becomes of a connection, of the open ones too. */
    enum Mode {
        /** It works. */
        PASS,
        /** It is taken, and nothing ever comes back. */
        SILENT,
        /** It works, each direction no faster than a few bytes at a time. */
        SLOW,
        /** It is reset as soon as something is sent. */
        RESET
    }

    private static final int SLOW_BYTES = 64;
    private static final long SLOW_MS = 20;

    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile Mode mode = Mode.SILENT;
    private volatile int to;

    BadNetwork() throws IOException {
        thread("bad-network", this::accept);
    }

    int port() {
        return server.getLocalPort();
    }

    String address() {
        return "127.0.0.1:" + port();
    }

    void leadTo(int port) {
        to = port;
    }

    void become(Mode next) {
        mode = next;
        for (Socket socket : open) {
            end(socket, next == Mode.RESET);
        }
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                open.add(client);
                if (mode != Mode.SILENT) {
                    Socket broker = new Socket(InetAddress.getLoopbackAddress(), to);
                    open.add(broker);
                    thread("to-broker", () -> carry(client, broker));
                    thread("to-client", () -> carry(broker, client));
                }
            } catch (IOException closed) {
                // The next one, or the end.
            }
        }
    }

    private void carry(Socket from, Socket to) {
        try (InputStream in = from.getInputStream(); OutputStream out = to.getOutputStream()) {
            byte[] bytes = new byte[1 << 16];
            for (int read = in.read(bytes); read >= 0; read = in.read(bytes)) {
                if (mode == Mode.RESET) {
                    end(from, true);
                    end(to, true);
                    return;
                }
                int step = mode == Mode.SLOW ? SLOW_BYTES : read;
                for (int at = 0; at < read; at += step) {
                    out.write(bytes, at, Math.min(step, read - at));
                    if (mode == Mode.SLOW) {
                        Thread.sleep(SLOW_MS);
                    }
                }
            }
        } catch (IOException | InterruptedException ended) {
            // So is the other direction.
        } finally {
            end(from, false);
            end(to, false);
        }
    }

    private void end(Socket socket, boolean reset) {
        open.remove(socket);
        try {
            if (reset) {
                socket.setSoLinger(true, 0);
            }
            socket.close();
        } catch (IOException ended) {
            // Already.
        }
    }

    private static void thread(String name, Runnable body) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        server.close();
        become(Mode.RESET);
    }
}
