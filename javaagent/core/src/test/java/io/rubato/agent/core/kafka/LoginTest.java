package io.rubato.agent.core.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rubato.agent.core.Options;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Properties;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.common.security.JaasContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoginTest {
    private static final String AWKWARD = "qu\"ote;\\back slash=";

    @TempDir
    Path folder;

    private static Properties login(String argument, String password) {
        Properties properties = new Properties();
        Options options = Options.parse(argument, new Properties());
        assertEquals(Collections.emptyList(), options.mistakes());
        Login.add(properties, options, password == null ? Collections.emptyMap()
                : Collections.singletonMap(Login.PASSWORD_VARIABLE, password));
        return properties;
    }

    /** The login entry as Kafka itself reads it. */
    private static AppConfigurationEntry read(Properties properties) {
        Map<String, ?> configs = Collections.singletonMap(SaslConfigs.SASL_JAAS_CONFIG,
                new Password(properties.getProperty("sasl.jaas.config")));
        return JaasContext.loadClientContext(configs).configurationEntries().get(0);
    }

    @Test
    void aUserLogsInOverTlsWithScramUnlessToldOtherwise() {
        Properties properties = login("user=tuner", AWKWARD);
        assertEquals("SASL_SSL", properties.getProperty("security.protocol"));
        assertEquals("SCRAM-SHA-512", properties.getProperty("sasl.mechanism"));
        AppConfigurationEntry entry = read(properties);
        assertEquals(PasswordLogin.class.getName(), entry.getLoginModuleName());
        assertEquals("tuner", entry.getOptions().get("username"));
        assertEquals(AWKWARD, entry.getOptions().get("password"));
    }

    @Test
    void thePasswordComesFromItsFileWithoutTheLastLineEnd() throws IOException {
        Path file = folder.resolve("password");
        Files.write(file, (AWKWARD + "\r\n").getBytes(StandardCharsets.UTF_8));
        Properties properties = login("user=tuner,passwordFile=" + file
                + ",kafka.sasl.mechanism=PLAIN,kafka.security.protocol=SASL_PLAINTEXT", "another");
        assertEquals("SASL_PLAINTEXT", properties.getProperty("security.protocol"));
        assertEquals(PasswordLogin.class.getName(), read(properties).getLoginModuleName());
        assertEquals(AWKWARD, read(properties).getOptions().get("password"));
    }

    @Test
    void aPasswordThatCannotBeHadIsNamedByWhereItWasLookedFor() {
        String none = folder.resolve("none").toString();
        assertTrue(refusal("user=tuner,passwordFile=" + none, null).contains(none));
        assertTrue(refusal("user=tuner", null).contains(Login.PASSWORD_VARIABLE));
        assertTrue(refusal("user=tuner", "").contains(Login.PASSWORD_VARIABLE));
    }

    @Test
    void noPieceOfAPasswordIsToldWhereTheLoginCannotBeRead() throws IOException {
        Path file = folder.resolve("password");
        Files.write(file, "alpha\nbeta gamma\n".getBytes(StandardCharsets.UTF_8));
        String twoLines = refusal("user=tuner,passwordFile=" + file, null);
        assertTrue(twoLines.contains("longer than one line"), twoLines);
        for (String message : new String[] {twoLines, refusal("user=tuner", "alpha\rbeta"),
            refusal("kafka.sasl.mechanism=PLAIN,kafka.security.protocol=SASL_SSL,kafka.sasl.jaas.config="
                    + "org.apache.kafka.common.security.plain.PlainLoginModule required password=\"alpha\"beta\";", null)}) {
            assertFalse(message.matches("(?s).*\\b(alpha|beta|gamma)\\b.*"), message);
        }
    }

    @Test
    void aMechanismThatCouldHarmTheJobsOwnClientsIsRefused() {
        String message = refusal("user=tuner,kafka.sasl.mechanism=OAUTHBEARER", "quite-secret");
        assertTrue(message.contains("OAUTHBEARER") && !message.contains("quite-secret"), message);
        refusal("kafka.security.protocol=SASL_SSL", null);
        refusal("kafka.security.protocol=sasl_ssl,kafka.sasl.mechanism=OAUTHBEARER", null);
        refusal("kafka.security.protocol=Sasl_Plaintext,kafka.sasl.mechanism=GSSAPI", null);
    }

    private static String refusal(String argument, String password) {
        return assertThrows(IllegalStateException.class, () -> login(argument, password)).getMessage();
    }

    @Test
    void kafkasUsualNamesAreTranslatedAtTheStartOfAValueAlone() {
        assertEquals("x.y.common.Login", Login.translate("org.apache.kafka.common.Login", "org.apache.kafka.", "x.y."));
        assertEquals("com.org.apache.kafka.Login", Login.translate("com.org.apache.kafka.Login", "org.apache.kafka.", "x.y."));
    }

    @Test
    void whatTheUserGivesHimselfIsPassedOn() {
        Properties properties = login("kafka.security.protocol=SASL_SSL,kafka.sasl.mechanism=PLAIN,"
                + "kafka.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\"p\";,"
                + "kafka.ssl.truststore.type=PEM", null);
        assertEquals(PasswordLogin.class.getName(), read(properties).getLoginModuleName());
        assertEquals("PEM", properties.getProperty("ssl.truststore.type"));
        assertNull(login("kafka.security.protocol=SSL", "unused").getProperty("sasl.jaas.config"));
        assertFalse(login("", "unused").containsKey("security.protocol"));
    }
}
