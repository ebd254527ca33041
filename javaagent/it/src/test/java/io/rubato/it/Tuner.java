package io.rubato.it;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Reads all metrics, and commands. */
final class Tuner implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Each tuner is a process of its own: an agent obeys none of its commands twice, nor those of an earlier one. */
    private static final AtomicLong EPOCHS = new AtomicLong();

    private final String prefix;
    private final KafkaProducer<byte[], byte[]> producer;
    private final KafkaConsumer<String, String> consumer;
    private final List<JsonNode> messages = new CopyOnWriteArrayList<>();
    private final Thread reader;
    private volatile boolean closed;
    private volatile Consumer<JsonNode> answer = message -> { };
    private final long epoch = EPOCHS.incrementAndGet();
    private long seq;

    Tuner(String brokers, String prefix) throws Exception {
        this.prefix = prefix;
        Properties properties = new Properties();
        properties.put("bootstrap.servers", brokers);
        properties.put("linger.ms", "0");
        try (Admin admin = Admin.create(properties)) {
            for (String topic : List.of(prefix + ".metrics", prefix + ".decisions")) {
                create(admin, topic);
            }
        }
        producer = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
        consumer = new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
        List<TopicPartition> partitions = List.of(new TopicPartition(prefix + ".metrics", 0));
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        reader = new Thread(this::read, "metrics-reader");
        reader.start();
    }

    /** The agent's question for its topic may have made it already. */
    private static void create(Admin admin, String topic) throws Exception {
        try {
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
        } catch (ExecutionException failed) {
            if (!(failed.getCause() instanceof TopicExistsException)) {
                throw failed;
            }
        }
    }

    private void read() {
        while (!closed) {
            for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                try {
                    com.fasterxml.jackson.databind.node.ObjectNode message =
                            (com.fasterxml.jackson.databind.node.ObjectNode) JSON.readTree(record.value());
                    answer.accept(message);
                    messages.add(message.put("key", record.key()));
                } catch (com.fasterxml.jackson.core.JsonProcessingException broken) {
                    throw new IllegalStateException("the agent wrote what is not JSON: " + record.value(), broken);
                }
            }
        }
        consumer.close();
    }

    /** Answers every end of a trigger at once, on the thread that reads, with one of two intervals. */
    void answerTriggers(String key, String runId, long intervalMs) {
        answer = message -> {
            if (message.get("runId").asText().equals(runId) && message.path("edge").asText().equals("end")) {
                long cause = message.get("seq").asLong();
                byte[] value = decision(runId, intervalMs + cause % 2, 10_000, "keep", cause);
                producer.send(new ProducerRecord<>(prefix + ".decisions", key.getBytes(StandardCharsets.UTF_8), value));
            }
        };
    }

    /** Commands an interval; returns the sequence of the decision. */
    long command(String key, String runId, long intervalMs, long leaseMs) throws Exception {
        return command(key, runId, intervalMs, leaseMs, "shorten", null);
    }

    long command(String key, String runId, long intervalMs, long leaseMs, String action, Long cause) throws Exception {
        send(key, decision(runId, intervalMs, leaseMs, action, cause));
        return seq;
    }

    /**
     * Commands an interval over and over until a heartbeat after this number tells that the run holds it; gives that heartbeat.
     */
    JsonNode obeyed(String key, String runId, long intervalMs, long leaseMs, long afterSeq) throws Exception {
        return Await.found(key + " holds " + intervalMs + " ms", () -> {
            command(key, runId, intervalMs, leaseMs, "keep", null);
            Thread.sleep(100);
            return all(runId, "heartbeat").stream().filter(m -> m.get("seq").asLong() > afterSeq
                    && m.get("managed").asBoolean() && m.get("intervalMs").asLong() == intervalMs).findFirst().orElse(null);
        });
    }

    /** The number of the run's last message, or 0. */
    long lastSeq(String runId) {
        return all(runId).stream().mapToLong(m -> m.get("seq").asLong()).max().orElse(0);
    }

    private byte[] decision(String runId, long intervalMs, long leaseMs, String action, Long cause) {
        return JSON.createObjectNode().put("v", 1).put("epoch", epoch).put("seq", ++seq).put("runId", runId)
                .put("intervalMs", intervalMs).put("action", action).put("leaseMs", leaseMs).put("causeSeq", cause)
                .put("policy", "it").put("mode", "learn").toString().getBytes(StandardCharsets.UTF_8);
    }

    void send(String key, byte[] value) throws Exception {
        byte[] keyBytes = key == null ? null : key.getBytes(StandardCharsets.UTF_8);
        producer.send(new ProducerRecord<>(prefix + ".decisions", keyBytes, value)).get();
    }

    /** Writes so many records to a topic of one partition. */
    void produce(String topic, int records) throws Exception {
        for (int i = 0; i < records; i++) {
            producer.send(new ProducerRecord<>(topic, bytes("key-" + i % 5), bytes("value-" + i)));
        }
        producer.flush();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    List<JsonNode> all(String runId) {
        return messages.stream().filter(message -> message.get("runId").asText().equals(runId)).toList();
    }

    List<JsonNode> all(String runId, String type) {
        return all(runId).stream().filter(message -> message.get("type").asText().equals(type)).toList();
    }

    /** The first message of this kind that satisfies the condition, waited for. */
    JsonNode await(String what, String runId, String type, Predicate<JsonNode> condition) throws Exception {
        return Await.found(what, () -> all(runId, type).stream().filter(condition).findFirst().orElse(null));
    }

    /** The latest heartbeat that satisfies the condition, waited for. */
    JsonNode awaitHeartbeat(String what, String runId, Predicate<JsonNode> condition) throws Exception {
        return await(what, runId, "heartbeat", condition);
    }

    /** The first message of a query, by its key, waited for. */
    JsonNode awaitKey(String key) throws Exception {
        return Await.found("a message of " + key,
                () -> messages.stream().filter(message -> message.get("key").asText().equals(key)).findFirst().orElse(null));
    }

    /** The first trigger's start after this trigger's start, waited for. */
    JsonNode nextStart(String runId, JsonNode after) throws Exception {
        long triggers = after.at("/counters/triggers").asLong();
        return await("a trigger after number " + triggers, runId, "trigger",
                message -> isStart(message) && message.at("/counters/triggers").asLong() == triggers + 1);
    }

    static boolean isStart(JsonNode message) {
        return message.get("edge").asText().equals("start");
    }

    @Override
    public void close() throws InterruptedException {
        closed = true;
        reader.join();
        producer.close(Duration.ofSeconds(1));
    }
}
