package io.rubato.agent.core;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The agent's options: {@code name=value} pairs in the agent argument, parted by commas, or system properties
 * {@code rubato.<name>}; the argument wins. Several brokers or patterns are parted by {@code ;} or {@code |} in the
 * argument, where the comma is taken, and by a comma too in a property.
 */
public final class Options {
    static final long SHORTEST_MS = 1;
    static final long LONGEST_MS = 24L * 3600 * 1000;

    private static final String PROPERTY_PREFIX = "rubato.";
    private static final String KAFKA_PREFIX = "kafka.";
    private static final Pattern DURATION = Pattern.compile("(\\d{1,12})(ms|s|m|h)");
    private static final Pattern TOPIC_PREFIX = Pattern.compile("[A-Za-z0-9._-]{1,200}");

    private String brokers = "127.0.0.1:9092";
    private String prefix = "rubato";
    private long minMs = SHORTEST_MS;
    private long maxMs = LONGEST_MS;
    private List<Pattern> include = Collections.singletonList(glob("*"));
    private List<Pattern> exclude = Collections.emptyList();
    private AgentLog.Level log = AgentLog.Level.INFO;
    private String user;
    private String passwordFile;
    private String keysFile;
    private final Map<String, String> kafka = new TreeMap<>();
    private final List<String> mistakes = new ArrayList<>();

    private Options() {
    }

    /** Reads both places; never throws. What was wrong is in {@link #mistakes()}. */
    public static Options parse(String argument, Properties properties) {
        Options options = new Options();
        for (String name : properties.stringPropertyNames()) {
            if (name.startsWith(PROPERTY_PREFIX)) {
                String where = "system property " + name;
                options.set(name.substring(PROPERTY_PREFIX.length()), properties.getProperty(name), "[;|,]", where, where);
            }
        }
        options.read(argument == null ? "" : argument);
        if (options.minMs > options.maxMs) {
            options.mistakes.add("min is above max: both are ignored");
            options.minMs = SHORTEST_MS;
            options.maxMs = LONGEST_MS;
        }
        return options;
    }

    /**
     * A comma inside a password makes its rest look like another option. So what is not known is called by its name only as
     * long as nothing before it can hold a secret; else by its place.
     */
    private void read(String argument) {
        String[] pairs = argument.split(",");
        boolean open = true;
        for (int i = 0; i < pairs.length; i++) {
            int equals = pairs[i].indexOf('=');
            String place = "option " + (i + 1) + " of the argument";
            if (equals >= 0) {
                String name = pairs[i].substring(0, equals).trim();
                String where = "option " + name;
                open &= set(name, pairs[i].substring(equals + 1), "[;|]", where, open ? where : place);
            } else if (!pairs[i].trim().isEmpty()) {
                open = false;
                mistakes.add(place + " has no '=': write name=value");
            }
        }
    }

    /**
     * Whether this is an option of the agent's own: none of them holds a secret.
     *
     * @param unknown how to call it where it is no option at all
     */
    private boolean set(String name, String raw, String separators, String where, String unknown) {
        String value = raw.trim();
        switch (name) {
            case "brokers":
                setBrokers(value, separators, where);
                break;
            case "prefix":
                if (TOPIC_PREFIX.matcher(value).matches()) {
                    prefix = value;
                } else {
                    mistakes.add(where + " = '" + value + "': a topic prefix has letters, digits, '.', '_' and '-' only");
                }
                break;
            case "min":
                minMs = duration(value, minMs, where);
                break;
            case "max":
                maxMs = duration(value, maxMs, where);
                break;
            case "include":
                include = globs(value, separators);
                break;
            case "exclude":
                exclude = globs(value, separators);
                break;
            case "log":
                setLog(value, where);
                break;
            case "user":
                user = value.isEmpty() ? null : value;
                break;
            case "passwordFile":
                passwordFile = value.isEmpty() ? null : value;
                break;
            case "keysFile":
                keysFile = value.isEmpty() ? null : value;
                break;
            default:
                if (name.startsWith(KAFKA_PREFIX) && name.length() > KAFKA_PREFIX.length()) {
                    kafka.put(name.substring(KAFKA_PREFIX.length()), value);
                } else {
                    mistakes.add(unknown + " is not known: there are brokers, prefix, min, max, include, exclude, log, user, "
                            + "passwordFile, keysFile and kafka.<client property>");
                }
                return false;
        }
        return true;
    }

    private void setBrokers(String value, String separators, String where) {
        List<String> parts = parts(value, separators);
        for (String part : parts) {
            if (!part.matches("(\\[[0-9A-Fa-f:.%]+]|[^\\s:\\[\\]]+):\\d{1,5}")) {
                mistakes.add(where + ": '" + part + "' is not host:port");
                return;
            }
        }
        if (parts.isEmpty()) {
            mistakes.add(where + " is empty: write host:port");
        } else {
            brokers = String.join(",", parts);
        }
    }

    private void setLog(String value, String where) {
        try {
            log = AgentLog.Level.valueOf(value.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException unknown) {
            mistakes.add(where + " = '" + value + "': one of off, warn, info, debug");
        }
    }

    private long duration(String value, long fallback, String where) {
        Matcher matcher = DURATION.matcher(value);
        if (matcher.matches()) {
            long unit = "ms".equals(matcher.group(2)) ? 1 : "s".equals(matcher.group(2)) ? 1_000
                    : "m".equals(matcher.group(2)) ? 60_000 : 3_600_000;
            long millis = Long.parseLong(matcher.group(1)) * unit;
            if (millis >= SHORTEST_MS && millis <= LONGEST_MS) {
                return millis;
            }
        }
        mistakes.add(where + " = '" + value + "': a duration from 1ms to 24h with its unit, such as 100ms, 2s, 1m");
        return fallback;
    }

    private static List<String> parts(String value, String separators) {
        List<String> parts = new ArrayList<>();
        for (String part : value.split(separators)) {
            if (!part.trim().isEmpty()) {
                parts.add(part.trim());
            }
        }
        return parts;
    }

    private static List<Pattern> globs(String value, String separators) {
        List<Pattern> patterns = new ArrayList<>();
        for (String part : parts(value, separators)) {
            patterns.add(glob(part));
        }
        return patterns;
    }

    private static Pattern glob(String glob) {
        StringBuilder regex = new StringBuilder();
        for (int i = 0; i < glob.length(); i++) {
            char c = glob.charAt(i);
            regex.append(c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(String.valueOf(c)));
        }
        return Pattern.compile(regex.toString(), Pattern.DOTALL);
    }

    /** Whether the agent looks at this query, by {@code application name/query name}, unescaped. */
    public boolean covers(String query) {
        return anyMatches(include, query) && !anyMatches(exclude, query);
    }

    private static boolean anyMatches(List<Pattern> patterns, String text) {
        for (Pattern pattern : patterns) {
            if (pattern.matcher(text).matches()) {
                return true;
            }
        }
        return false;
    }

    /** Comma-parted, as Kafka's clients want them. */
    public String brokers() {
        return brokers;
    }

    public String metricsTopic() {
        return prefix + ".metrics";
    }

    public String decisionsTopic() {
        return prefix + ".decisions";
    }

    public long minMs() {
        return minMs;
    }

    public long maxMs() {
        return maxMs;
    }

    public AgentLog.Level log() {
        return log;
    }

    /** Who logs in to Kafka, or null. */
    public String user() {
        return user;
    }

    /** The file with the password, or null. */
    public String passwordFile() {
        return passwordFile;
    }

    /** The file with the keys that commands are signed with, or null. */
    public String keysFile() {
        return keysFile;
    }

    /** Further properties for both Kafka clients. */
    public Map<String, String> kafka() {
        return kafka;
    }

    /** One sentence for each thing that was wrong. */
    public List<String> mistakes() {
        return mistakes;
    }
}
