package io.rubato.agent.core.kafka;

import io.rubato.agent.core.Options;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;

/** The settings of the two clients. */
final class ClientProperties {
    /** How long a client is waited for before it counts as out of reach. */
    static final int REACH_MS = 2_000;

    private static final AtomicInteger CLIENTS = new AtomicInteger();

    private ClientProperties() {
    }

    static Properties producer(Options options) {
        Properties properties = common("producer");
        properties.put("acks", "1");
        properties.put("enable.idempotence", "false");
        properties.put("linger.ms", "0");
        properties.put("max.in.flight.requests.per.connection", "1");
        properties.put("max.block.ms", String.valueOf(REACH_MS));
        properties.put("request.timeout.ms", "3000");
        properties.put("delivery.timeout.ms", "10000");
        properties.put("buffer.memory", String.valueOf(4 << 20));
        properties.put("max.request.size", String.valueOf(4 << 20));
        Login.add(properties, options, System.getenv());
        properties.put("bootstrap.servers", options.brokers());
        return properties;
    }

    static Properties consumer(Options options) {
        Properties properties = common("consumer");
        properties.put("enable.auto.commit", "false");
        properties.put("auto.offset.reset", "earliest");
        properties.put("allow.auto.create.topics", "false");
        properties.put("fetch.min.bytes", "1");
        // The broker answers at once where there is a decision; an empty answer costs the driver, so there are few of them.
        properties.put("fetch.max.wait.ms", "2000");
        properties.put("fetch.max.bytes", String.valueOf(2 << 20));
        properties.put("max.partition.fetch.bytes", String.valueOf(1 << 20));
        properties.put("request.timeout.ms", "5000");
        properties.put("default.api.timeout.ms", String.valueOf(REACH_MS));
        Login.add(properties, options, System.getenv());
        properties.put("bootstrap.servers", options.brokers());
        return properties;
    }

    private static Properties common(String role) {
        Properties properties = new Properties();
        long start = System.currentTimeMillis();
        properties.put("client.id", "rubato-agent-" + role + '-' + Long.toString(start, 36) + '-' + CLIENTS.incrementAndGet());
        properties.put("reconnect.backoff.ms", "50");
        properties.put("reconnect.backoff.max.ms", "1000");
        properties.put("retry.backoff.ms", "50");
        properties.put("enable.metrics.push", "false");
        properties.put("auto.include.jmx.reporter", "false");
        properties.put("metric.reporters", "");
        return properties;
    }
}
