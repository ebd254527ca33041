package io.rubato.agent.premain;

import java.lang.instrument.ClassFileTransformer;
import java.security.ProtectionDomain;

/** Compares names; everything else is behind it. */
public final class Gate implements ClassFileTransformer {
    /** What stands behind the gate. */
    public interface Core {
        /** Starts the warm-up if it has not begun; returns at once. */
        void begin(ClassLoader sparkLoader);

        /** The transformer if it is ready, else null. */
        ClassFileTransformer ready();

        /** The transformer, waited for a while; null if it does not come. */
        ClassFileTransformer await();
    }

    private static final String SPARK = "org/apache/spark/";

    private final Core core;

    public Gate(Core core) {
        this.core = core;
    }

    /** Whether this is the name of a class that drivers alone load, and that starts the core. */
    static boolean startsTheCore(String className) {
        switch (className) {
            case "org.apache.spark.sql.SparkSession":
            case "org.apache.spark.sql.classic.SparkSession":
            case "org.apache.spark.sql.execution.streaming.MicroBatchExecution":
            case "org.apache.spark.sql.execution.streaming.runtime.MicroBatchExecution":
                return true;
            default:
                return false;
        }
    }

    @Override
    public byte[] transform(ClassLoader loader, String name, Class<?> redefined, ProtectionDomain domain, byte[] bytes) {
        if (name == null || !name.startsWith(SPARK)) {
            return null;
        }
        try {
            switch (name.substring(SPARK.length())) {
                case "sql/SparkSession":
                case "sql/classic/SparkSession":
                    core.begin(loader);
                    return null;
                case "sql/execution/streaming/MicroBatchExecution":
                case "sql/execution/streaming/runtime/MicroBatchExecution":
                case "sql/execution/streaming/ProcessingTimeExecutor":
                case "sql/execution/streaming/runtime/ProcessingTimeExecutor":
                    core.begin(loader);
                    return pass(core.await(), loader, name, redefined, domain, bytes);
                case "sql/streaming/StreamingQueryManager":
                case "sql/classic/StreamingQueryManager":
                case "util/SystemClock":
                    // Loaded by others too, and early: whoever comes before the warm-up is retransformed after it.
                    return pass(core.ready(), loader, name, redefined, domain, bytes);
                default:
                    return null;
            }
        } catch (Throwable error) {
            System.err.println("rubato-agent: " + name.replace('/', '.') + " passed by: " + error);
            return null;
        }
    }

    private static byte[] pass(ClassFileTransformer to, ClassLoader loader, String name, Class<?> redefined,
            ProtectionDomain domain, byte[] bytes) throws Exception {
        return to == null ? null : to.transform(loader, name, redefined, domain, bytes);
    }
}
