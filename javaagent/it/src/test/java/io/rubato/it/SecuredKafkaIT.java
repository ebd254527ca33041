package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.File;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The agent logs in over TLS, and obeys signed commands alone. */
class SecuredKafkaIT {
    private static final Path JOBS = Path.of(System.getProperty("jobs.target"));
    private static final String QUERY = "rubato-demo/events";
    private static final String PASSWORD = "pass-of-the-driver";
    private static final String OLD_SECRET = "a1".repeat(32);
    private static final String NEW_SECRET = "b2".repeat(32);

    private static Path folder;
    private static SecuredBroker broker;
    private static KafkaProducer<byte[], byte[]> producer;
    private static long seq;

    @BeforeAll
    static void start() throws Exception {
        folder = Driver.folder("secured");
        broker = new SecuredBroker(folder.resolve("broker"), Map.of("driver", PASSWORD));
        broker.start();
        Properties properties = new Properties();
        properties.put("bootstrap.servers", broker.address());
        producer = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    }

    @AfterAll
    static void stop() throws Exception {
        producer.close();
        broker.close();
    }

    private static String options(String prefix, Path password) {
        return tls(prefix, broker.securedAddress()) + ",user=driver,passwordFile=" + password;
    }

    private static String tls(String prefix, String brokers) {
        return "prefix=" + prefix + ",brokers=" + brokers
                + ",kafka.ssl.truststore.type=PEM,kafka.ssl.truststore.location=" + broker.authority();
    }

    /** The agent is attached anew for each, to one driver. */
    @Test
    void theAgentIsLetInByEachMechanismAndByTlsAlone() throws Exception {
        Path password = Files.writeString(folder.resolve("password-of-each"), PASSWORD);
        Path own = Files.createDirectory(folder.resolve("each"));
        try (Driver driver = Driver.ofCopies(own, List.of(), Driver.classPath())) {
            driver.awaitReady();
            Copy copy = new Copy(driver, own, "each", "300ms");
            isCommanded(driver, copy, "tls", tls("tls", broker.tlsAddress()) + ",kafka.security.protocol=SSL");
            for (String mechanism : SecuredBroker.MECHANISMS) {
                isCommanded(driver, copy, mechanism, options(mechanism, password) + ",kafka.sasl.mechanism=" + mechanism);
            }
        }
    }

    private static void isCommanded(Driver driver, Copy copy, String prefix, String options) throws Exception {
        try (Tuner tuner = new Tuner(broker.address(), prefix)) {
            AgentCommand attach = AgentCommand.run("attach", driver.pid(), options);
            assertEquals(0, attach.exitCode(), attach.toString());
            tuner.awaitHeartbeat("let in: " + options, copy.runId, m -> true);
            tuner.command(copy.key(), copy.runId, 400, 60_000);
            tuner.awaitHeartbeat("commanded: " + options, copy.runId, m -> interval(m) == 400);
            AgentCommand detach = AgentCommand.run("detach", driver.pid());
            assertEquals(0, detach.exitCode(), detach.toString());
        }
    }

    @Test
    void onlySignedCommandsAreObeyedWhileTheJobLogsInByScramItself() throws Exception {
        for (int i = 0; i < 100; i++) {
            producer.send(new ProducerRecord<>("events", "value".getBytes(StandardCharsets.UTF_8)));
        }
        producer.flush();
        Path keys = Files.writeString(folder.resolve("keys"), "old " + OLD_SECRET + "\n");
        Path password = Files.writeString(folder.resolve("password"), PASSWORD + "\n");
        Path log = folder.resolve("signed.log");
        try (Tuner tuner = new Tuner(broker.address(), "sec")) {
            Process job = demoJob(options("sec", password) + ",keysFile=" + keys, log);
            BufferedReader out = job.inputReader();
            String run = out.readLine().split(" ")[3];
            tuner.await("the job's own login", run, "progress", m -> m.at("/progress/sources/0/endOffset/events/0").asLong() == 100);
            refusesStrangers(tuner, run);
            command(run, 3_100, "old", OLD_SECRET);
            tuner.awaitHeartbeat("obeyed under the old key", run, m -> interval(m) == 3_100);
            rotate(tuner, run, keys);
            assertFalse(tuner.all(run).toString().contains(PASSWORD), "the metrics show a secret");
            job.getOutputStream().close();
            assertEquals(0, job.waitFor());
        }
        String said = Files.readString(log);
        assertEquals(1, occurrences(said, "signature is missing"), said);
        assertEquals(1, occurrences(said, "not one of our keys'"), said);
        assertFalse(said.contains(PASSWORD) || said.contains(OLD_SECRET) || said.contains(NEW_SECRET), "the log shows a secret");
    }

    private static void refusesStrangers(Tuner tuner, String run) throws Exception {
        for (int i = 0; i < 5; i++) {
            command(run, 2_100, null, null);
            command(run, 2_200, "old", NEW_SECRET);
            command(run, 2_300, "unheard-of", OLD_SECRET);
        }
        JsonNode refused = tuner.awaitHeartbeat("all refused", run,
                m -> m.at("/stats/refusedBy/unsigned").asLong() == 5 && m.at("/stats/refusedBy/signature").asLong() == 10);
        assertFalse(refused.get("managed").asBoolean());
        assertEquals(0, refused.at("/stats/applied").asLong());
    }

    /** The new key is added and used, then the old one is taken out: the job runs on. */
    private static void rotate(Tuner tuner, String run, Path keys) throws Exception {
        Files.writeString(keys, "old " + OLD_SECRET + "\nnew " + NEW_SECRET + "\n");
        Await.until("obeyed under the new key", () -> {
            command(run, 3_200, "new", NEW_SECRET);
            Thread.sleep(500);
            return tuner.all(run, "heartbeat").stream().anyMatch(m -> interval(m) == 3_200);
        });
        Files.writeString(keys, "new " + NEW_SECRET + "\n");
        long before = signatures(tuner, run);
        Await.until("the old key is refused", () -> {
            command(run, 3_300, "old", OLD_SECRET);
            Thread.sleep(500);
            return signatures(tuner, run) > before;
        });
        command(run, 3_400, "new", NEW_SECRET);
        tuner.awaitHeartbeat("obeyed under the new key alone", run, m -> interval(m) == 3_400);
    }

    private static long interval(JsonNode heartbeat) {
        return heartbeat.get("managed").asBoolean() ? heartbeat.get("intervalMs").asLong() : 0;
    }

    private static long signatures(Tuner tuner, String run) {
        return tuner.all(run, "heartbeat").stream().mapToLong(m -> m.at("/stats/refusedBy/signature").asLong()).max().orElse(0);
    }

    private static void command(String run, long intervalMs, String keyId, String secret) throws Exception {
        byte[] key = QUERY.getBytes(StandardCharsets.UTF_8);
        byte[] value = ("{\"v\":1,\"epoch\":1,\"seq\":" + ++seq + ",\"runId\":\"" + run + "\",\"intervalMs\":" + intervalMs
                + ",\"action\":\"keep\",\"leaseMs\":120000,\"causeSeq\":null}").getBytes(StandardCharsets.UTF_8);
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>("sec.decisions", key, value);
        if (keyId != null) {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(HexFormat.of().parseHex(secret), "HmacSHA256"));
            mac.update(ByteBuffer.allocate(4).putInt(key.length).array());
            mac.update(key);
            record.headers().add("hmac", mac.doFinal(value)).add("keyId", keyId.getBytes(StandardCharsets.UTF_8));
        }
        producer.send(record).get();
    }

    /** The demo's job, whose own Kafka source logs in by SCRAM over TLS too. */
    private static Process demoJob(String agent, Path log) throws Exception {
        Path own = Files.writeString(folder.resolve("source.properties"), String.join("\n",
                "security.protocol=SASL_SSL", "sasl.mechanism=SCRAM-SHA-512",
                "ssl.truststore.type=PEM", "ssl.truststore.location=" + broker.authority(),
                "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"driver\" password=\""
                        + PASSWORD + "\";"));
        return Processes.java(log.toFile(), List.of("-Xmx512m", "@" + JOBS.resolve("jvm.args"),
                "-javaagent:" + System.getProperty("agent.jar") + "=" + agent,
                "-cp", JOBS.resolve("rubato-jobs.jar") + File.pathSeparator + Files.readString(JOBS.resolve("classpath.txt")).trim(),
                "io.rubato.jobs.DemoJob", "--brokers", broker.securedAddress(), "--topic", "events", "--interval", "2s",
                "--kafka-options", own.toString(), "--checkpoint", folder.resolve("checkpoint").toString(), "--watch-stdin"));
    }

    @Test
    void aWrongPasswordLeavesTheJobUnharmedAndIsTakenUpOnceItIsMended() throws Exception {
        Path own = Files.createDirectory(folder.resolve("shut-out"));
        Path wrong = Files.writeString(own.resolve("password"), "pass-that-is-wrong");
        try (Tuner tuner = new Tuner(broker.address(), "wrong");
                Driver driver = Driver.ofCopies(own, List.of(Driver.agent(options("wrong", wrong))), Driver.classPath())) {
            driver.awaitReady();
            Copy steady = new Copy(driver, own, "steady", "300ms");
            Await.until("the agent says why", () -> driver.said("do not accept each other (SaslAuthenticationException") == 1);
            steady.passesALine();
            Copy second = new Copy(driver, own, "second", "300ms");
            driver.stop("steady");
            second.passesALine();
            Files.writeString(wrong, PASSWORD);
            tuner.await("the agent is let in", second.runId, "heartbeat", m -> true);
            second.passesALine();
            driver.stop("second");
            steady.assertWhole();
            second.assertWhole();
            assertEquals(1, driver.said("do not accept each other"), driver.log());
            assertEquals(1, driver.said("is back"), driver.log());
            assertEquals(0, driver.said("pass-that-is-wrong"), "the log shows a secret");
        }
    }

    private static int occurrences(String text, String part) {
        return text.split(java.util.regex.Pattern.quote(part), -1).length - 1;
    }
}
