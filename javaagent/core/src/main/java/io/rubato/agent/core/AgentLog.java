package io.rubato.agent.core;

import java.io.PrintStream;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The agent's lines on the driver's standard error, each with its prefix. */
public final class AgentLog {
    /** How much is said. */
    public enum Level { OFF, WARN, INFO, DEBUG }

    private static final int MOST_KEYS = 1_000;
    private static final Set<String> SAID = ConcurrentHashMap.newKeySet();
    private static volatile Level level = Level.INFO;
    private static volatile PrintStream out = System.err;

    private AgentLog() {
    }

    /** An agent begins: what an earlier one in this JVM has said is said again. */
    static void begin(Level next) {
        level = next;
        SAID.clear();
    }

    public static boolean isDebug() {
        return level == Level.DEBUG;
    }

    static void setOut(PrintStream next) {
        out = next;
    }

    public static void warn(String line) {
        say(Level.WARN, line);
    }

    public static void info(String line) {
        say(Level.INFO, line);
    }

    public static void debug(String line) {
        say(Level.DEBUG, line);
    }

    /** Says a line the first time that this key comes up. */
    public static void warnOnce(String key, String line) {
        if (SAID.size() < MOST_KEYS && SAID.add(key)) {
            warn(line);
        }
    }

    private static void say(Level at, String line) {
        if (at.ordinal() <= level.ordinal()) {
            out.println("rubato-agent: " + line);
        }
    }
}
