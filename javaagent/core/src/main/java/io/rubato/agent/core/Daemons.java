package io.rubato.agent.core;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** The agent's own threads: daemons that begin again when something ended them, until they are all told to stop. */
final class Daemons {
    private static final long AGAIN_MS = 1_000;

    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stopped;

    synchronized void start(String name, Runnable body) {
        Thread thread = new Thread(() -> keepRunning(name, body), name);
        thread.setDaemon(true);
        thread.setContextClassLoader(Daemons.class.getClassLoader());
        threads.add(thread);
        thread.start();
    }

    /** Makes the body on the thread itself, once the wait is over: even its classes come late. */
    void startLate(String name, Wait wait, Supplier<Runnable> body) {
        start(name, new Runnable() {
            private Runnable made;

            @Override
            public void run() {
                try {
                    if (made == null) {
                        wait.await();
                        made = body.get();
                    }
                } catch (InterruptedException stop) {
                    return;
                }
                made.run();
            }
        });
    }

    /** What a thread waits for before its work begins. */
    interface Wait {
        void await() throws InterruptedException;
    }

    private void keepRunning(String name, Runnable body) {
        while (!stopped) {
            try {
                body.run();
                say(name, "was interrupted");
            } catch (Throwable error) {
                say(name, "failed (" + error + ")");
            }
            rest();
        }
    }

    private void say(String name, String what) {
        try {
            if (!stopped) {
                AgentLog.warn("thread " + name + " " + what + ": it begins again");
            }
        } catch (Throwable full) {
            // Out of memory, perhaps: the next one will be said.
        }
    }

    private void rest() {
        try {
            if (!stopped) {
                Thread.sleep(AGAIN_MS);
            }
        } catch (Throwable again) {
            // Stopped, or ended again.
        }
    }

    /** Ends them all; returns at once. */
    synchronized void stop() {
        stopped = true;
        for (Thread thread : threads) {
            thread.interrupt();
        }
    }
}
