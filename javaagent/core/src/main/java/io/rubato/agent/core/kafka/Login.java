package io.rubato.agent.core.kafka;

import io.rubato.agent.core.Options;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.security.plain.PlainLoginModule;
import org.apache.kafka.common.security.scram.ScramLoginModule;

/** How the two clients log in: the user's own {@code kafka.*} options, or {@code user} and a password from elsewhere. */
final class Login {
    /** Holds the password where there is no file. */
    static final String PASSWORD_VARIABLE = "RUBATO_KAFKA_SASL_PASSWORD";

    private static final String JAAS = "sasl.jaas.config";
    private static final String MECHANISM = "sasl.mechanism";
    private static final String PROTOCOL = "security.protocol";
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
            boolean names = option.getKey().equals(JAAS) || option.getKey().endsWith(".class");
            properties.put(option.getKey(), names ? translate(option.getValue(), USUAL, OURS) : option.getValue());
        }
        if (options.user() != null) {
            properties.putIfAbsent(PROTOCOL, "SASL_SSL");
            properties.putIfAbsent(MECHANISM, "SCRAM-SHA-512");
            properties.put(JAAS, jaas(properties.getProperty(MECHANISM), options.user(), password(options, environment)));
        }
        String protocol = properties.getProperty(PROTOCOL, "");
        if (protocol.startsWith("SASL_") && module(properties.getProperty(MECHANISM)) == null) {
            // Others, such as OAUTHBEARER, register providers that the job's own Kafka client would find.
            throw new IllegalStateException("kafka." + MECHANISM + " is '" + properties.getProperty(MECHANISM)
                    + "': the agent logs in with PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 alone");
        }
    }

    /** Kafka's classes have other names in the agent's jar; a value that begins with a usual one gets ours. */
    static String translate(String value, String usual, String ours) {
        return value.startsWith(usual) ? ours + value.substring(usual.length()) : value;
    }

    private static Class<?> module(String mechanism) {
        if (mechanism == null) {
            return null;
        }
        switch (mechanism) {
            case "PLAIN":
                return PlainLoginModule.class;
            case "SCRAM-SHA-256":
            case "SCRAM-SHA-512":
                return ScramLoginModule.class;
            default:
                return null;
        }
    }

    private static String jaas(String mechanism, String user, String password) {
        Class<?> module = module(mechanism);
        return module == null ? "" : module.getName() + " required username=" + quote(user) + " password=" + quote(password) + ';';
    }

    private static String quote(String text) {
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
