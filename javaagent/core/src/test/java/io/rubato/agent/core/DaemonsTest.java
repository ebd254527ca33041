package io.rubato.agent.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
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

    @Test
    void aBodyThatComesLateIsMadeOnceAndOnlyWhenItsWaitIsOver() throws InterruptedException {
        CountDownLatch wait = new CountDownLatch(1);
        AtomicInteger made = new AtomicInteger();
        daemons.startLate("rubato-test", wait::await, () -> {
            made.incrementAndGet();
            assertEquals(0, wait.getCount());
            return () -> begun.add(Thread.currentThread());
        });
        wait.countDown();
        next();
        next();
        assertEquals(1, made.get());
        daemons.stop();
    }
}
