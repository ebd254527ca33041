package io.rubato.agent.core.kafka;

import io.rubato.agent.core.Options;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.common.security.JaasContext;

/** How the two clients log in: the user's own {@code kafka.*} options, or {@code user} and a password from elsewhere. */
final class Login {
    /** Holds the password where there is no file. */
    static final String PASSWORD_VARIABLE = "RUBATO_KAFKA_SASL_PASSWORD";

    private static final String JAAS = "sasl.jaas.config";
    private static final String MECHANISM = "sasl.mechanism";
    private static final String PROTOCOL = "security.protocol";
    private static final List<String> MECHANISMS = Arrays.asList("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512");
    /** Joined at run time: the build would relocate a constant. */
    private static final String USUAL = String.join(".", "org", "apache", "kafka", "");
    private static final String OURS = KafkaProducer.class.getName().replace("clients.producer.KafkaProducer", "");

    private Login() {
    }

    /**
     * Adds the options to a client's properties.
     *
     * @throws IllegalStateException if the password cannot be had, or the mechanism is none of ours; never with the password
     */
    static void add(Properties properties, Options options, Map<String, String> environment) {
        for (Map.Entry<String, String> option : options.kafka().entrySet()) {
            String name = option.getKey();
            String value = option.getValue();
            properties.put(name, name.equals(JAAS) ? withOurModule(value)
                    : name.endsWith(".class") ? translate(value, USUAL, OURS) : value);
        }
        if (options.user() != null) {
            properties.putIfAbsent(PROTOCOL, "SASL_SSL");
            properties.putIfAbsent(MECHANISM, "SCRAM-SHA-512");
            properties.put(JAAS, jaas(options.user(), password(options, environment)));
        }
        // Kafka, too, reads it in either case.
        String protocol = properties.getProperty(PROTOCOL, "").toUpperCase(Locale.ROOT);
        if (protocol.startsWith("SASL_") && !MECHANISMS.contains(properties.getProperty(MECHANISM, ""))) {
            // Others, such as OAUTHBEARER, register providers that the job's own Kafka client would find.
            throw new IllegalStateException("kafka." + MECHANISM + " is '" + properties.getProperty(MECHANISM)
                    + "': the agent logs in with PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 alone");
        }
        requireReadable(properties.get(JAAS));
    }

    /** Kafka's own words for what it cannot read would show a piece of it, which may be the password's. */
    private static void requireReadable(Object jaas) {
        try {
            if (jaas != null) {
                JaasContext.loadClientContext(Collections.singletonMap(JAAS, new Password((String) jaas)));
            }
        } catch (RuntimeException secret) {
            throw new IllegalStateException("kafka." + JAAS + " cannot be read: write a login module, required, its options as "
                    + "name=\"value\", and a semicolon");
        }
    }

    /** {@link PasswordLogin} in place of a module of Kafka's. */
    private static String withOurModule(String jaas) {
        return jaas.replaceFirst("^" + Pattern.quote(USUAL) + "\\S+", PasswordLogin.class.getName());
    }

    /** Kafka's classes have other names in the agent's jar; a value that begins with a usual one gets ours. */
    static String translate(String value, String usual, String ours) {
        return value.startsWith(usual) ? ours + value.substring(usual.length()) : value;
    }

    private static String jaas(String user, String password) {
        return PasswordLogin.class.getName() + " required username=" + quote(user) + " password=" + quote(password) + ';';
    }

    private static String quote(String text) {
        if (text.matches("(?s).*[\\r\\n].*")) {
            throw new IllegalStateException("the user or the password is longer than one line");
        }
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static String password(Options options, Map<String, String> environment) {
        String file = options.passwordFile();
        if (file == null) {
            String given = environment.get(PASSWORD_VARIABLE);
            if (given == null || given.isEmpty()) {
                throw new IllegalStateException("option user is given, but neither option passwordFile nor the environment's "
                        + PASSWORD_VARIABLE);
            }
            return given;
        }
        try {
            String text = new String(Files.readAllBytes(Paths.get(file)), StandardCharsets.UTF_8);
            return text.replaceFirst("[\\r\\n]+$", "");
        } catch (IOException | RuntimeException unreadable) {
            throw new IllegalStateException("passwordFile cannot be read: " + unreadable);
        }
    }
}
