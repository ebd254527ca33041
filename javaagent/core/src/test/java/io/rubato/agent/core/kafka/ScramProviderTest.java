package io.rubato.agent.core.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.security.NoSuchAlgorithmException;
import java.security.PrivilegedExceptionAction;
import java.security.Security;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.security.auth.Subject;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.security.auth.spi.LoginModule;
import javax.security.sasl.Sasl;
import javax.security.sasl.SaslClient;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.security.authenticator.SaslClientCallbackHandler;
import org.apache.kafka.common.security.scram.ScramCredential;
import org.apache.kafka.common.security.scram.ScramCredentialCallback;
import org.apache.kafka.common.security.scram.internals.ScramFormatter;
import org.apache.kafka.common.security.scram.internals.ScramMechanism;
import org.apache.kafka.common.security.scram.internals.ScramSaslServer;
import org.apache.kafka.common.security.token.delegation.internals.DelegationTokenCredentialCallback;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;

/** The agent's login and the job's in one JVM; the job has Kafka's classes from a loader of its own. */
class ScramProviderTest {
    private static final ScramMechanism MECHANISM = ScramMechanism.SCRAM_SHA_512;
    private static final String PASSWORD = "of-both";
    private static final String[] PROVIDERS = {ScramProvider.NAME, "SASL/SCRAM Client Provider", "SASL/SCRAM Server Provider",
        "Simple SASL/PLAIN Server Provider"};

    private final URLClassLoader job = new URLClassLoader(new URL[] {jarOf(KafkaProducer.class), jarOf(Logger.class)},
            ClassLoader.getSystemClassLoader().getParent());

    private static URL jarOf(Class<?> type) {
        return type.getProtectionDomain().getCodeSource().getLocation();
    }

    @BeforeEach
    @AfterEach
    void forgetProviders() {
        for (String name : PROVIDERS) {
            Security.removeProvider(name);
        }
    }

    @Test
    void whereTheAgentLogsInFirstTheJobLogsInByItsOwnDelegationToken() throws Exception {
        SaslClient ours = agentLogsIn();
        SaslClient theirs = jobLogsIn();
        assertTrue(theirs.getClass().getClassLoader() == job);
        assertNotSame(ours.getClass(), theirs.getClass());
        agentLogsIn();
    }

    @Test
    void whereTheJobLogsInFirstBothAreLetIn() throws Exception {
        jobLogsIn();
        agentLogsIn();
        jobLogsIn();
    }

    @Test
    void theAgentsLoginTakesNoNameOfKafkasOwnProviders() throws Exception {
        agentLogsIn();
        for (int i = 1; i < PROVIDERS.length; i++) {
            assertNull(Security.getProvider(PROVIDERS[i]));
        }
    }

    @Test
    void byPlainTheAgentLogsInWithTheJdksOwnClient() throws Exception {
        byte[] first = Subject.doAs(agent(), (PrivilegedExceptionAction<byte[]>) () -> Sasl.createSaslClient(
                new String[] {"PLAIN"}, null, "kafka", "broker", Collections.emptyMap(), handler("PLAIN"))
                .evaluateChallenge(new byte[0]));
        assertEquals("\0driver\0" + PASSWORD, new String(first, StandardCharsets.UTF_8));
    }

    private static Subject agent() {
        Subject subject = new Subject();
        new PasswordLogin().initialize(subject, null, Collections.emptyMap(), options(false));
        return subject;
    }

    private static CallbackHandler handler(String mechanism) {
        SaslClientCallbackHandler handler = new SaslClientCallbackHandler();
        handler.configure(Collections.emptyMap(), mechanism, Collections.emptyList());
        return handler;
    }

    private static SaslClient agentLogsIn() throws Exception {
        return logIn(agent(), handler(MECHANISM.mechanismName()), false);
    }

    private SaslClient jobLogsIn() throws Exception {
        Subject subject = new Subject();
        LoginModule module = (LoginModule) make("org.apache.kafka.common.security.scram.ScramLoginModule");
        module.initialize(subject, null, Collections.emptyMap(), options(true));
        Object handler = make(SaslClientCallbackHandler.class.getName());
        handler.getClass().getMethod("configure", Map.class, String.class, List.class)
                .invoke(handler, Collections.emptyMap(), MECHANISM.mechanismName(), Collections.emptyList());
        return logIn(subject, (CallbackHandler) handler, true);
    }

    private Object make(String name) throws ReflectiveOperationException {
        return job.loadClass(name).getConstructor().newInstance();
    }

    private static Map<String, ?> options(boolean token) {
        Map<String, String> options = new HashMap<>();
        options.put("username", "driver");
        options.put("password", PASSWORD);
        options.put("tokenauth", String.valueOf(token));
        return options;
    }

    /** As Kafka's client does it, against Kafka's server. */
    private static SaslClient logIn(Subject subject, CallbackHandler handler, boolean token) throws Exception {
        return Subject.doAs(subject, (PrivilegedExceptionAction<SaslClient>) () -> {
            SaslClient client = Sasl.createSaslClient(new String[] {MECHANISM.mechanismName()}, null, "kafka", "broker",
                    Collections.emptyMap(), handler);
            ScramSaslServer server = new ScramSaslServer(MECHANISM, Collections.emptyMap(), ScramProviderTest::answer);
            byte[] first = client.evaluateChallenge(new byte[0]);
            assertTrue(token == new String(first, StandardCharsets.UTF_8).contains("tokenauth=true"));
            byte[] proof = client.evaluateChallenge(server.evaluateResponse(first));
            client.evaluateChallenge(server.evaluateResponse(proof));
            assertTrue(client.isComplete() && server.isComplete());
            return client;
        });
    }

    private static void answer(Callback[] callbacks) {
        for (Callback callback : callbacks) {
            if (callback instanceof ScramCredentialCallback) {
                ((ScramCredentialCallback) callback).scramCredential(credential());
            }
            if (callback instanceof DelegationTokenCredentialCallback) {
                ((DelegationTokenCredentialCallback) callback).tokenOwner("job");
            }
        }
    }

    private static ScramCredential credential() {
        try {
            return new ScramFormatter(MECHANISM).generateCredential(PASSWORD, 4_096);
        } catch (NoSuchAlgorithmException absent) {
            throw new IllegalStateException(absent);
        }
    }
}
