package io.rubato.agent.core.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rubato.agent.bridge.RunState;
import io.rubato.agent.core.control.Fixture;
import io.rubato.agent.core.wire.Message;
import io.rubato.agent.core.wire.MessageWriter;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class MetricSenderTest {
    private final Fixture fixture = new Fixture();
    private final RunState run = fixture.begin("q", "run-1", true);
    private final MetricSender sender = new MetricSender(fixture.options, fixture.queue, new MessageWriter("0.0"),
            new CountDownLatch(0));

    @Test
    void whatWasTakenFromTheQueueIsCountedAsDroppedWhereTheProducerFails() {
        Message.post(Message.Type.HEARTBEAT, run, null, fixture.queue);
        Message.post(Message.Type.HEARTBEAT, run, null, fixture.queue);
        try (MockProducer<byte[], byte[]> producer =
                new MockProducer<>(true, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.sendException = new IllegalStateException("injected");
            assertThrows(IllegalStateException.class, () -> sender.sendUntilSpent(producer));
        }
        assertEquals(3, run.drops.get(), "its introduction and two heartbeats");
        assertNull(fixture.queue.poll());
    }

    @Test
    void aProducerThatIsSpentLeavesTheNewestMessagesToTheNext() throws Exception {
        try (MockProducer<byte[], byte[]> producer =
                new MockProducer<>(false, new ByteArraySerializer(), new ByteArraySerializer())) {
            FutureTask<Void> life = new FutureTask<>(() -> {
                sender.sendUntilSpent(producer);
                return null;
            });
            new Thread(life).start();
            while (!producer.errorNext(new TimeoutException("injected"))) {
                Thread.yield(); // the introduction is on its way
            }
            Message.post(Message.Type.HEARTBEAT, run, null, fixture.queue);
            fixture.queue.wake();
            life.get();
        }
        assertEquals(1, run.drops.get(), "its introduction");
        assertEquals(Message.Type.HEARTBEAT, fixture.queue.poll().type);
    }
}
