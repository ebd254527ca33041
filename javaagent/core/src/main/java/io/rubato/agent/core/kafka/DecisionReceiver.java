package io.rubato.agent.core.kafka;

import io.rubato.agent.core.AgentLog;
import io.rubato.agent.core.Options;
import io.rubato.agent.core.control.Commander;
import io.rubato.agent.core.control.Refusal;
import io.rubato.agent.core.wire.CommandKeys;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Follows the decisions topic and hands each record to the commander as it comes. */
public final class DecisionReceiver implements Runnable {
    private static final Duration LONGEST_POLL = Duration.ofSeconds(1);
    private static final long LOOK_AGAIN_NS = 10_000_000_000L;
    private static final long SOON_MS = 200;
    /** A topic that does not come is looked for ever less often, down to this. */
    private static final long SELDOM_MS = 2_000;
    /** A broker that refuses us is not asked more often. */
    static final long REFUSED_MS = 5_000;

    private final Options options;
    private final Commander commander;
    private final CountDownLatch listening;
    /** Null where commands need no signature. Read on this thread: a file may take its time. */
    private CommandKeys keys;

    /** @param listening opened here once no decision can be missed any more */
    public DecisionReceiver(Options options, Commander commander, CountDownLatch listening) {
        this.listening = listening;
        this.options = options;
        this.commander = commander;
    }

    @Override
    public void run() {
        keys = CommandKeys.find(options.keysFile(), System.getenv());
        try {
            while (true) {
                try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                        ClientProperties.consumer(options), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
                    new Following(consumer).run();
                } catch (InterruptException stop) {
                    return;
                } catch (AuthenticationException refused) {
                    // The sender says so. A new client reads the password anew.
                    Thread.sleep(REFUSED_MS);
                } catch (RuntimeException | LinkageError error) {
                    AgentLog.warnOnce("receiver " + error.getClass(), "cannot receive decisions: " + error);
                }
                Thread.sleep(5 * SOON_MS);
            }
        } catch (InterruptedException stop) {
            // The JVM ends.
        }
    }

    /** Hands a record on, where its signature is good or none is asked for. */
    private void take(ConsumerRecord<byte[], byte[]> record) {
        String key = record.key() == null ? null : new String(record.key(), StandardCharsets.UTF_8);
        if (keys == null || key == null) {
            commander.take(key, record.value());
            return;
        }
        Header keyId = record.headers().lastHeader("keyId");
        Header signature = record.headers().lastHeader("hmac");
        if (keyId == null || keyId.value() == null || signature == null || signature.value() == null) {
            commander.refuse(key, Refusal.UNSIGNED);
        } else if (!keys.verifies(keyId.value(), signature.value(), record.key(), record.value())) {
            commander.refuse(key, Refusal.SIGNATURE);
        } else {
            commander.take(key, record.value());
        }
    }

    /** One consumer's life. */
    private final class Following {
        private final KafkaConsumer<byte[], byte[]> consumer;
        private final Set<TopicPartition> assigned = new HashSet<>();
        private boolean looked;
        private long lookedNs;
        private long pauseMs = SOON_MS;

        Following(KafkaConsumer<byte[], byte[]> consumer) {
            this.consumer = consumer;
        }

        void run() throws InterruptedException {
            while (true) {
                if (assigned.isEmpty() || System.nanoTime() - lookedNs > LOOK_AGAIN_NS) {
                    look();
                }
                if (assigned.isEmpty()) {
                    Thread.sleep(pauseMs);
                    pauseMs = Math.min(2 * pauseMs, SELDOM_MS);
                    continue;
                }
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(LONGEST_POLL)) {
                    take(record);
                }
            }
        }

        /**
         * Looks for partitions. Those that are there at the first look are followed from their end; one that comes
         * later is read from its beginning, since nothing in it is older than this consumer.
         */
        private void look() {
            lookedNs = System.nanoTime();
            List<TopicPartition> fresh = new ArrayList<>();
            try {
                List<PartitionInfo> partitions = consumer.partitionsFor(options.decisionsTopic());
                for (PartitionInfo partition : partitions == null ? Collections.<PartitionInfo>emptyList() : partitions) {
                    TopicPartition candidate = new TopicPartition(partition.topic(), partition.partition());
                    if (assigned.add(candidate)) {
                        fresh.add(candidate);
                    }
                }
            } catch (InterruptException stop) {
                throw stop;
            } catch (AuthenticationException refused) {
                throw refused;
            } catch (KafkaException notYet) {
                return;
            }
            if (!fresh.isEmpty()) {
                consumer.assign(assigned);
                if (looked) {
                    consumer.seekToBeginning(fresh);
                } else {
                    consumer.seekToEnd(fresh);
                    for (TopicPartition partition : fresh) {
                        consumer.position(partition);
                    }
                }
            }
            looked = true;
            listening.countDown();
        }
    }
}
