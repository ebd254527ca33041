package io.rubato.agent.bridge;

/** The places where the agent enters Spark, by the name of Spark's method. */
public enum Hook {
    RUN("runActivatedStream", true),
    NEXT_BATCH_TIME("nextBatchTime", true),
    INTERVAL("intervalMs", true),
    FALLING_BEHIND("notifyBatchFallingBehind", false),
    WAIT("waitTillTime", true),
    EVENT("postListenerEvent", true),
    CONSTRUCT("constructNextBatch", true),
    BATCH_END("markMicroBatchEnd", false);

    private static final Hook[] ALL = values();

    public final String method;
    /** Whether a query is left unmanaged where this hook is missing. */
    public final boolean required;
    private volatile boolean active;

    Hook(String method, boolean required) {
        this.method = method;
        this.required = required;
    }

    public boolean isActive() {
        return active;
    }

    /** Says that Spark's method now carries the hook. */
    public void activated() {
        active = true;
    }

    /** Says that Spark's method is as it was. */
    public void deactivated() {
        active = false;
    }

    /** Says so of every method. */
    public static void deactivateAll() {
        for (Hook hook : ALL) {
            hook.deactivated();
        }
    }

    /** The names of the required hooks that are not in place, parted by commas; empty where all are. */
    public static String missing() {
        StringBuilder names = new StringBuilder();
        for (Hook hook : ALL) {
            if (hook.required && !hook.active) {
                names.append(names.length() == 0 ? "" : ", ").append(hook.method);
            }
        }
        return names.toString();
    }

    /** Whether every required hook is in place. */
    public static boolean allRequiredActive() {
        for (Hook hook : ALL) {
            if (hook.required && !hook.active) {
                return false;
            }
        }
        return true;
    }
}
