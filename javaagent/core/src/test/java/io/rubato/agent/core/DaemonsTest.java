package io.rubato.agent.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DaemonsTest {
    private final Daemons daemons = new Daemons();
    private final BlockingQueue<Thread> begun = new LinkedBlockingQueue<>();
    private int lives;

    private Thread next() throws InterruptedException {
        Thread thread = begun.poll(30, TimeUnit.SECONDS);
        assertTrue(thread != null, "it did not begin");
        return thread;
    }

    @Test
    void aThreadThatFailsOrIsInterruptedBeginsAgainUntilAllAreStopped() throws InterruptedException {
        daemons.start("rubato-test", () -> {
            begun.add(Thread.currentThread());
            if (++lives == 1) {
                throw new OutOfMemoryError("injected");
            }
            try {
                Thread.sleep(60_000);
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
        Thread thread = next();
        assertTrue(thread.isDaemon());
        assertEquals(thread, next());
        thread.interrupt();
        assertEquals(thread, next());
        daemons.stop();
        thread.join(30_000);
        assertFalse(thread.isAlive());
        assertEquals(3, lives);
    }
}
