package io.rubato.agent.core.kafka;

import io.rubato.agent.core.AgentLog;
import io.rubato.agent.core.Options;
import io.rubato.agent.core.wire.Message;
import io.rubato.agent.core.wire.MessageQueue;
import io.rubato.agent.core.wire.MessageWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Takes messages from the queue and hands them to the broker; says once when it is gone and once when it is back. */
public final class MetricSender implements Runnable {
    /** What the producer may hold: the rest waits in the queue, where the oldest gives way. */
    private static final int MOST_UNACKNOWLEDGED = 64;
    /** What is taken from the queue before it is sent: few, since a full queue drops its oldest, not these. */
    private static final int MOST_AT_ONCE = 8;
    private static final long AGAIN_MS = 500;
    /** Twice as long as any message is on its way before it is too late: a producer that has told of none is dead. */
    private static final long DEAD_MS = 20_000;

    private final Options options;
    private final MessageQueue queue;
    private final MessageWriter writer;
    /** The producer's: one that failed may have kept what it took. */
    private Semaphore room;
    private final CountDownLatch listening;
    /** Taken from the queue, and neither in a producer's hands nor counted as dropped. */
    private final Deque<Message> inHand = new ArrayDeque<>();
    private boolean down;
    private boolean refusalSaid;
    /**
     * What the producer took was refused, or not answered in time: another takes its place. One that knows the topic tells
     * of no refused login, only of messages that came too late; a new one finds out, and reads password and trust store anew.
     */
    private volatile boolean spent;

    /** @param listening opened once the decisions are being followed */
    public MetricSender(Options options, MessageQueue queue, MessageWriter writer, CountDownLatch listening) {
        this.listening = listening;
        this.options = options;
        this.queue = queue;
        this.writer = writer;
    }

    @Override
    public void run() {
        try {
            while (true) {
                try {
                    sendUntilSpent();
                } catch (InterruptedException | InterruptException stop) {
                    return;
                } catch (AuthenticationException refused) {
                    // The producer is closed by now: it would log in again and again.
                    lost(refused);
                    Thread.sleep(DecisionReceiver.REFUSED_MS);
                } catch (Throwable error) {
                    AgentLog.warnOnce("sender " + error.getClass(), "cannot send metrics: " + deepest(error));
                    Thread.sleep(10 * AGAIN_MS);
                }
            }
        } catch (InterruptedException stop) {
            // The JVM ends.
        }
    }

    /** One producer's life. It lasts for seconds at least: so long a message waits before it is too late. */
    private void sendUntilSpent() throws InterruptedException {
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                ClientProperties.producer(options), new ByteArraySerializer(), new ByteArraySerializer())) {
            sendUntilSpent(producer);
        }
    }

    void sendUntilSpent(Producer<byte[], byte[]> producer) throws InterruptedException {
        spent = false;
        room = new Semaphore(MOST_UNACKNOWLEDGED);
        try {
            awaitTopic(producer);
            while (true) {
                queue.await(); // for long, and what comes then is for the next producer where this one is spent
                if (spent) {
                    return;
                }
                send(producer, written());
            }
        } finally {
            for (Message lost = inHand.poll(); lost != null; lost = inHand.poll()) {
                queue.dropped(lost);
            }
        }
    }

    /**
     * Nothing leaves the queue before the topic has been seen, since the first messages introduce a run, nor, for a while,
     * before the answers to them can be heard.
     *
     * @throws AuthenticationException where the broker refuses us
     */
    private void awaitTopic(Producer<byte[], byte[]> producer) throws InterruptedException {
        while (true) {
            try {
                producer.partitionsFor(options.metricsTopic());
                listening.await(AGAIN_MS * 6, TimeUnit.MILLISECONDS);
                return;
            } catch (InterruptException | AuthenticationException end) {
                throw end;
            } catch (RuntimeException notYet) {
                lost(notYet);
                Thread.sleep(AGAIN_MS);
            }
        }
    }

    /**
     * Writes the messages that are there. They are sent at one go: of a batch's progress and its trigger's end, sent as
     * each was written, the end would wait for the broker's answer to the progress.
     */
    private List<Outgoing> written() {
        List<Outgoing> outgoing = new ArrayList<>();
        Message message = queue.poll();
        for (int taken = 1; message != null; taken++) {
            inHand.add(message);
            try {
                outgoing.add(new Outgoing(message, writer.write(message, System.nanoTime())));
            } catch (Exception unreadable) {
                inHand.removeLast();
                queue.dropped(message);
                AgentLog.warnOnce("write " + message.type, "a " + message.type + " message cannot be written: " + unreadable);
            }
            message = taken < MOST_AT_ONCE ? queue.poll() : null;
        }
        return outgoing;
    }

    private void send(Producer<byte[], byte[]> producer, List<Outgoing> outgoing) throws InterruptedException {
        Semaphore taken = room;
        for (Outgoing next : outgoing) {
            Message message = next.message;
            byte[] key = message.run.identity.key.getBytes(StandardCharsets.US_ASCII);
            if (spent || !taken.tryAcquire(DEAD_MS, TimeUnit.MILLISECONDS)) {
                queue.dropped(inHand.remove());
                failed(new TimeoutException("the producer has not answered for " + DEAD_MS / 1_000 + " s"));
                continue;
            }
            message.report().sent(message.seq, System.nanoTime());
            producer.send(new ProducerRecord<>(options.metricsTopic(), key, next.value), (metadata, error) -> {
                taken.release();
                if (error == null) {
                    reached();
                } else {
                    queue.dropped(message);
                    failed(error);
                }
            });
            inHand.remove();
        }
    }

    private void failed(Exception error) {
        if (error instanceof RecordTooLargeException) {
            AgentLog.warnOnce("too large", "a message is larger than the broker takes: dropped (" + error.getMessage() + ")");
        } else {
            spent |= error instanceof AuthenticationException || error instanceof TimeoutException;
            lost(error);
        }
    }

    private synchronized void reached() {
        if (down) {
            down = false;
            refusalSaid = false;
            AgentLog.info("broker " + options.brokers() + " is back");
        }
    }

    private synchronized void lost(Exception why) {
        boolean refusal = why instanceof AuthenticationException;
        if (!down || refusal && !refusalSaid) {
            down = true;
            refusalSaid = refusal;
            AgentLog.warn("broker " + options.brokers() + (refusal ? " and the agent do not accept each other (" : " is out of reach (")
                    + deepest(why) + "): queries keep their own intervals, the oldest metrics are dropped");
        }
    }

    private static String deepest(Throwable error) {
        Throwable deepest = error;
        while (deepest.getCause() != null) {
            deepest = deepest.getCause();
        }
        return deepest.getClass().getSimpleName() + ": " + deepest.getMessage();
    }

    private static final class Outgoing {
        final Message message;
        final byte[] value;

        Outgoing(Message message, byte[] value) {
            this.message = message;
            this.value = value;
        }
    }
}
