package io.rubato.agent.core.spark;

import io.rubato.agent.core.AgentLog;
import java.lang.reflect.Field;
import java.util.LinkedHashMap;
import java.util.Map;

/** The threads of the streams that run already, with what they execute. */
public final class StreamThreads {
    /** Spark names them so in every version. */
    private static final String NAME = "stream execution thread for ";
    /** Where Scala keeps the object that an anonymous class was made in. */
    private static final String OUTER = "$outer";

    private StreamThreads() {
    }

    /** Every live stream thread whose execution can be read, in no order. */
    public static Map<Thread, Object> alive() {
        Map<Thread, Object> found = new LinkedHashMap<>();
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().startsWith(NAME)) {
                try {
                    Field outer = thread.getClass().getDeclaredField(OUTER);
                    outer.setAccessible(true);
                    found.put(thread, outer.get(thread));
                } catch (ReflectiveOperationException | RuntimeException unreadable) {
                    AgentLog.debug("'" + thread.getName() + "' is met at its next trigger only: " + unreadable);
                }
            }
        }
        return found;
    }
}
