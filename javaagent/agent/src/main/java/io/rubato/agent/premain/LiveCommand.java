package io.rubato.agent.premain;

import java.lang.instrument.Instrumentation;

/**
 * What a command asks of a JVM that runs: to attach, with the options as the argument, or to detach. The answer is left in
 * a system property, which the command reads: its first line is {@link #DONE} or {@link #FAILED}.
 */
public final class LiveCommand {
    public static final String DETACH = "detach";
    public static final String ANSWER = "io.rubato.agent.answer";
    public static final String DONE = "done";
    public static final String FAILED = "failed";

    private LiveCommand() {
    }

    static void obey(String argument, Instrumentation instrumentation) {
        String answer;
        try {
            answer = DETACH.equals(argument) ? detach() : attach(argument, instrumentation);
        } catch (Throwable error) {
            answer = failed(error.toString());
        }
        try {
            System.setProperty(ANSWER, answer);
        } catch (Throwable forbidden) {
            System.err.println("rubato-agent: " + answer.replace('\n', ' '));
        }
    }

    static String done(String what) {
        return DONE + '\n' + what;
    }

    static String failed(String what) {
        return FAILED + '\n' + what;
    }

    private static String attach(String argument, Instrumentation instrumentation) throws InterruptedException {
        long start = System.nanoTime();
        WarmUp agent = Agent.install(argument, instrumentation);
        if (agent == null) {
            return failed("an agent is active in this JVM already: detach it first to change its options");
        }
        ClassLoader spark = sparkLoader(instrumentation.getAllLoadedClasses());
        if (spark == null) {
            return done("no Spark session in this JVM yet: the hooks come with the first one");
        }
        String report = agent.settleLive(spark);
        return report == null ? failed("the agent did not start: the driver's standard error says why")
                : done(report + " (" + (System.nanoTime() - start) / 1_000_000 + " ms)");
    }

    /** The loader of a class that drivers alone load, or null where there is none yet. */
    private static ClassLoader sparkLoader(Class<?>[] loaded) {
        for (Class<?> type : loaded) {
            if (Gate.startsTheCore(type.getName())) {
                return type.getClassLoader();
            }
        }
        return null;
    }

    private static String detach() throws InterruptedException {
        WarmUp agent = Agent.active();
        if (agent == null) {
            return failed("no agent is active in this JVM");
        }
        return done(agent.detach());
    }
}
