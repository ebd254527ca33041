package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;

/** The demo's job, its Kafka source, and its end. */
class DemoJobIT {
    private static final long LEASE_MS = 120_000;
    private static final Path JOBS = Path.of(System.getProperty("jobs.target"));

    @Test
    void theDemosJobTellsItsSourceIsCommandedAndEndsWithItsInput() throws Exception {
        Path folder = Files.createTempDirectory(Files.createDirectories(Path.of(System.getProperty("it.target"))), "demo-");
        try (Broker broker = new Broker(folder.resolve("broker"))) {
            broker.start();
            produce(broker.address());
            try (Tuner tuner = new Tuner(broker.address(), "demo")) {
                Process job = Processes.java(folder.resolve("err.txt").toFile(), List.of("-Xmx512m",
                        "@" + JOBS.resolve("jvm.args"), "-Djobs.log=" + folder.resolve("spark.log"),
                        "-javaagent:" + System.getProperty("agent.jar") + "=prefix=demo,brokers=" + broker.address(),
                        "-cp", JOBS.resolve("rubato-jobs.jar") + File.pathSeparator
                                + Files.readString(JOBS.resolve("classpath.txt")).trim(),
                        "io.rubato.jobs.DemoJob", "--brokers", broker.address(), "--topic", "events", "--interval", "2s",
                        "--max-offsets-per-trigger", "400", "--checkpoint", folder.resolve("checkpoint").toString(),
                        "--watch-stdin"));
                BufferedReader out = job.inputReader();
                String[] words = out.readLine().split(" ");
                assertEquals("started", words[0]);
                checkRun(tuner, words[3]);
                job.getOutputStream().close();
                assertTrue(job.waitFor(20, TimeUnit.SECONDS), "the job outlived its input");
                assertEquals(null, out.readLine(), "more than one line on standard output");
                assertTrue(Files.exists(folder.resolve("spark.log")));
            }
        }
    }

    private static void checkRun(Tuner tuner, String run) throws Exception {
        JsonNode started = tuner.await("started", run, "started", m -> m.get("hooksActive").asBoolean());
        assertEquals("rubato-demo/events", started.get("key").asText());
        assertEquals("kafka", started.at("/sources/0/name").asText());
        assertEquals("events", started.at("/sources/0/options/subscribe").asText());
        assertEquals("400", started.at("/sources/0/options/maxOffsetsPerTrigger").asText());
        assertTrue(started.at("/sources/0/options/kafka.bootstrap.servers").asText().startsWith("127.0.0.1:"));
        tuner.command("rubato-demo/events", run, 300, LEASE_MS);
        JsonNode last = tuner.await("all records taken", run, "progress",
                m -> m.at("/progress/sources/0/endOffset/events/0").asLong() == 1_000);
        assertTrue(last.at("/progress/numInputRows").asLong() <= 400);
        tuner.awaitHeartbeat("managed", run, m -> m.get("managed").asBoolean() && m.get("intervalMs").asLong() == 300);
    }

    private static void produce(String brokers) throws Exception {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", brokers);
        try (KafkaProducer<String, String> producer =
                new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < 1_000; i++) {
                producer.send(new ProducerRecord<>("events", "key-" + i % 5, "value"));
            }
        }
    }
}
