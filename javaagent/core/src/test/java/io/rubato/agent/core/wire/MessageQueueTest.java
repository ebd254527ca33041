package io.rubato.agent.core.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rubato.agent.bridge.RunState;
import io.rubato.agent.core.control.Fixture;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class MessageQueueTest {
    private static final LongSupplier NO_WAIT = () -> Long.MAX_VALUE;
    private static final long HOUR_NS = 3_600_000_000_000L;

    private final RunState run = new Fixture().begin("q", "run-1", true);
    private final MessageQueue queue = new MessageQueue(3);

    @Test
    void whenItIsFullTheOldestGoesAndItsRunCountsIt() throws InterruptedException {
        for (int i = 0; i < 5; i++) {
            Message.post(Message.Type.HEARTBEAT, run, null, queue);
        }
        assertEquals(3, queue.size());
        assertEquals(2, run.drops.get());
        long first = queue.take(NO_WAIT).seq;
        assertEquals(first + 1, queue.take(NO_WAIT).seq);
        assertEquals(first + 2, queue.poll().seq);
        assertNull(queue.poll());
    }

    @Test
    void aTriggersStartWaitsForItsEndOrForItsBatchAndWakesNobodyItself() throws InterruptedException {
        List<Message> taken = new CopyOnWriteArrayList<>();
        Thread sender = new Thread(() -> {
            try {
                while (taken.size() < 5) {
                    taken.add(queue.take(NO_WAIT));
                }
            } catch (InterruptedException stop) {
                // Fewer than there should be.
            }
        });
        sender.start();
        posted(sender, Message.Type.TRIGGER_START, false);
        posted(sender, Message.Type.TRIGGER_END, true);
        posted(sender, Message.Type.TRIGGER_START, false);
        queue.wake();
        posted(sender, Message.Type.PROGRESS, false);
        posted(sender, Message.Type.TRIGGER_END, true);
        sender.join(10_000);
        assertEquals(Arrays.asList(Message.Type.TRIGGER_START, Message.Type.TRIGGER_END, Message.Type.TRIGGER_START,
                Message.Type.PROGRESS, Message.Type.TRIGGER_END), taken.stream().map(m -> m.type).collect(Collectors.toList()));
    }

    @Test
    void nothingWakesASenderThatIsAboutToLookByItself() throws InterruptedException {
        AtomicLong clock = new AtomicLong();
        MessageQueue timed = new MessageQueue(3, clock::get);
        Thread sender = taker(timed, () -> HOUR_NS);
        whileAsleep(sender, timed, Thread.State.TIMED_WAITING, () -> {
            clock.set(HOUR_NS);
            Message.post(Message.Type.TRIGGER_END, run, null, timed);
            timed.wake();
            assertEquals(Thread.State.TIMED_WAITING, sender.getState(), "its wait has just ended");
            clock.set(HOUR_NS - 1);
            Message.post(Message.Type.TRIGGER_END, run, null, timed);
            assertEquals(Thread.State.BLOCKED, sender.getState(), "its wait is not over");
        });
        sender.join(10_000);
        assertEquals(Thread.State.TERMINATED, sender.getState());
    }

    @Test
    @Timeout(10)
    void aSenderThatLooksByItselfFindsWhatWokeNobody() throws InterruptedException {
        MessageQueue timed = new MessageQueue(3, () -> 0);
        Thread sender = taker(timed, () -> 0);
        whileAsleep(sender, timed, Thread.State.TIMED_WAITING, () -> {
            Message.post(Message.Type.TRIGGER_START, run, null, timed);
            Message.post(Message.Type.TRIGGER_END, run, null, timed);
        });
        sender.join();
        assertEquals(1, timed.size());
    }

    @Test
    @Timeout(10)
    void aSenderThatLooksByItselfLeavesWhatAnotherMessageFollows() throws InterruptedException {
        CountDownLatch looks = new CountDownLatch(3);
        Message.post(Message.Type.TRIGGER_START, run, null, queue);
        Thread sender = taker(queue, () -> {
            looks.countDown();
            return 0;
        });
        looks.await();
        assertEquals(1, queue.size());
        sender.interrupt();
        sender.join();
    }

    private static Thread taker(MessageQueue from, LongSupplier waitLeftNs) {
        Thread sender = new Thread(() -> {
            try {
                from.take(waitLeftNs);
            } catch (InterruptedException stop) {
                // Nothing came.
            }
        });
        sender.start();
        return sender;
    }

    /** Posts a message to a sender that waits for one, which, once woken, wants the monitor that is held here. */
    private void posted(Thread sender, Message.Type type, boolean wakes) {
        whileAsleep(sender, queue, Thread.State.WAITING, () -> {
            Message.post(type, run, null, queue);
            assertEquals(wakes ? Thread.State.BLOCKED : Thread.State.WAITING, sender.getState(), type.toString());
        });
    }

    private static void whileAsleep(Thread sender, MessageQueue on, Thread.State asleep, Runnable what) {
        while (true) {
            synchronized (on) {
                if (sender.getState() == asleep) {
                    what.run();
                    return;
                }
            }
            Thread.yield();
        }
    }

    @Test
    void everyMessageIsNumberedOnceAndQueuedInThatOrder() throws InterruptedException {
        MessageQueue wide = new MessageQueue(4_000);
        Thread[] threads = new Thread[4];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = new Thread(() -> {
                for (int j = 0; j < 1_000; j++) {
                    Message.post(Message.Type.HEARTBEAT, run, null, wide);
                }
            });
            threads[i].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        long last = wide.take(NO_WAIT).seq;
        while (wide.size() > 0) {
            long next = wide.take(NO_WAIT).seq;
            assertTrue(next == last + 1);
            last = next;
        }
    }
}
