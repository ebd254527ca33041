package io.rubato.agent.core.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rubato.agent.bridge.RunState;
import io.rubato.agent.core.control.Fixture;
import org.junit.jupiter.api.Test;

class MessageQueueTest {
    private final RunState run = new Fixture().begin("q", "run-1", true);
    private final MessageQueue queue = new MessageQueue(3);

    @Test
    void whenItIsFullTheOldestGoesAndItsRunCountsIt() throws InterruptedException {
        for (int i = 0; i < 5; i++) {
            Message.post(Message.Type.HEARTBEAT, run, null, queue);
        }
        assertEquals(3, queue.size());
        assertEquals(2, run.drops.get());
        long first = queue.take().seq;
        assertEquals(first + 1, queue.take().seq);
        assertEquals(first + 2, queue.take().seq);
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
        long last = wide.take().seq;
        while (wide.size() > 0) {
            long next = wide.take().seq;
            assertTrue(next == last + 1);
            last = next;
        }
    }
}
