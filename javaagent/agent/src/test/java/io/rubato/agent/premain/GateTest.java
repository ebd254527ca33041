package io.rubato.agent.premain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.lang.instrument.ClassFileTransformer;
import java.security.ProtectionDomain;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class GateTest {
    private static final String STREAMING = "org/apache/spark/sql/execution/streaming/";
    private static final byte[] RESULT = {1};

    private final List<String> asked = new ArrayList<>();
    private ClassFileTransformer transformer;
    private final Gate gate = new Gate(new Gate.Core() {
        @Override
        public void begin(ClassLoader sparkLoader) {
            asked.add("begin");
        }

        @Override
        public ClassFileTransformer ready() {
            asked.add("ready");
            return transformer;
        }

        @Override
        public ClassFileTransformer await() {
            asked.add("await");
            return transformer;
        }
    });

    private byte[] load(String name) {
        return gate.transform(null, name, null, null, new byte[0]);
    }

    private void transformsEverything() {
        transformer = new ClassFileTransformer() {
            @Override
            public byte[] transform(ClassLoader loader, String name, Class<?> type, ProtectionDomain domain, byte[] bytes) {
                return RESULT;
            }
        };
    }

    @Test
    void whatIsNotSparksStreamingWakesNothing() {
        for (String name : Arrays.asList(null, "java/lang/String", "org/apache/spark/SparkContext", "org/apache/spark/",
                "org/apache/spark/util/ManualClock", STREAMING + "StreamExecution", "x/org/apache/spark/sql/SparkSession")) {
            assertNull(load(name));
        }
        assertEquals(Collections.emptyList(), asked);
    }

    @Test
    void aDriversSessionStartsTheWarmUpAndIsNotHeldUp() {
        load("org/apache/spark/sql/SparkSession");
        load("org/apache/spark/sql/classic/SparkSession");
        assertEquals(Arrays.asList("begin", "begin"), asked);
    }

    @Test
    void theClockThatExecutorsLoadTooNeverStartsIt() {
        assertNull(load("org/apache/spark/util/SystemClock"));
        assertEquals(Collections.singletonList("ready"), asked);
    }

    @Test
    void theTwoClassesOfAStreamAreWaitedFor() {
        transformsEverything();
        for (String name : Arrays.asList("MicroBatchExecution", "ProcessingTimeExecutor", "runtime/MicroBatchExecution",
                "runtime/ProcessingTimeExecutor")) {
            asked.clear();
            assertSame(RESULT, load(STREAMING + name));
            assertEquals(Arrays.asList("begin", "await"), asked);
        }
    }

    @Test
    void withoutACoreTheClassIsSparksOwn() {
        assertNull(load(STREAMING + "MicroBatchExecution"));
    }

    @Test
    void aFailureBehindTheGateIsNotTheJobs() {
        transformer = new ClassFileTransformer() {
            @Override
            public byte[] transform(ClassLoader loader, String name, Class<?> type, ProtectionDomain domain, byte[] bytes) {
                throw new IllegalStateException("ours");
            }
        };
        assertNull(load(STREAMING + "MicroBatchExecution"));
    }
}
