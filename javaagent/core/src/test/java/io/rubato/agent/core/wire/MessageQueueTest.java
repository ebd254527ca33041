package io.rubato.agent.core.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.rubato.agent.bridge.RunState;
import io.rubato.agent.core.control.Fixture;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class MessageQueueTest {
    private final RunState run = new Fixture().begin("q", "run-1", true);
    private final MessageQueue queue = new MessageQueue(3);

    @Test
    void whenItIsFullTheOldestGoesAndItsRunCountsIt() throws InterruptedException {
        for (int i = 0; i < 5; i++) {
            Message.post(Message.Type.HEARTBEAT, run, null, queue);
        }
        assertEquals(2, run.drops.get());
        long first = queue.poll().seq;
        assertEquals(first + 1, queue.poll().seq);
        assertEquals(first + 2, queue.poll().seq);
        assertNull(queue.poll());
    }

    @Test
    void sparksReportsGiveWayToEachOtherLongBeforeTheQueueIsFull() throws InterruptedException {
        MessageQueue wide = new MessageQueue(16);
        for (int i = 0; i < 4; i++) {
            Message.post(Message.Type.HEARTBEAT, run, null, wide);
            Message.post(Message.Type.PROGRESS, run, i, wide);
        }
        assertEquals(2, run.drops.get());
        List<Object> reports = new ArrayList<>();
        int others = 0;
        for (Message next = wide.poll(); next != null; next = wide.poll()) {
            if (next.type == Message.Type.PROGRESS) {
                reports.add(next.event);
            } else {
                others++;
            }
        }
        assertEquals(Arrays.asList(2, 3), reports);
        assertEquals(4, others);
        Message.post(Message.Type.PROGRESS, run, 4, wide);
        Message.post(Message.Type.PROGRESS, run, 5, wide);
        assertEquals(4, wide.poll().event);
        assertEquals(2, run.drops.get());
    }

    @Test
    void aTriggersStartWaitsForItsEndOrForItsBatchAndWakesNobodyItself() throws InterruptedException {
        List<Message> taken = new CopyOnWriteArrayList<>();
        Thread sender = new Thread(() -> {
            try {
                while (taken.size() < 5) {
                    queue.await();
                    taken.add(queue.poll());
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

    /** Posts a message to a sender that waits for one, which, once woken, wants the monitor that is held here. */
    private void posted(Thread sender, Message.Type type, boolean wakes) {
        while (true) {
            synchronized (queue) {
                if (sender.getState() == Thread.State.WAITING) {
                    Message.post(type, run, null, queue);
                    assertEquals(wakes ? Thread.State.BLOCKED : Thread.State.WAITING, sender.getState(), type.toString());
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
        long last = wide.poll().seq;
        for (Message next = wide.poll(); next != null; next = wide.poll()) {
            assertEquals(last + 1, next.seq);
            last = next.seq;
        }
    }
}
