package io.rubato.agent.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rubato.agent.bridge.StreamHooks;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.instrument.Instrumentation;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CoreTest {
    /** Of a JVM without a class of Spark's. */
    private static final Instrumentation NO_SPARK = (Instrumentation) Proxy.newProxyInstance(CoreTest.class.getClassLoader(),
            new Class<?>[] {Instrumentation.class},
            (proxy, method, arguments) -> method.getName().equals("getAllLoadedClasses") ? new Class<?>[0] : null);

    private final ByteArrayOutputStream said = new ByteArrayOutputStream();

    @BeforeEach
    void listen() {
        AgentLog.setOut(new PrintStream(said, true));
    }

    @AfterEach
    void restore() {
        AgentLog.setOut(System.err);
        StreamHooks.forgetAll();
    }

    private static Core start() throws NoSuchMethodException {
        return (Core) Core.start("", "0.0", NO_SPARK, CoreTest.class.getClassLoader());
    }

    @Test
    void noThreadOfTheAgentsInheritsWhatTheFirstQuerysThreadHolds() throws NoSuchMethodException {
        AtomicInteger heirs = new AtomicInteger();
        InheritableThreadLocal<Object> session = new InheritableThreadLocal<Object>() {
            @Override
            protected Object childValue(Object ofTheParent) {
                heirs.incrementAndGet();
                return ofTheParent;
            }
        };
        Core core = start();
        session.set(new Object());
        StreamHooks.runEntered(new Object());
        session.remove();
        Set<String> threads = Thread.getAllStackTraces().keySet().stream().map(Thread::getName).collect(Collectors.toSet());
        assertTrue(threads.containsAll(Arrays.asList("rubato-receiver", "rubato-sender", "rubato-heartbeat")), "" + threads);
        assertEquals(0, heirs.get());
        core.end();
    }

    @Test
    void aSecondAttachmentSaysAnewWhatTheFirstHasSaid() throws NoSuchMethodException {
        for (int attachment = 0; attachment < 2; attachment++) {
            Core core = start();
            AgentLog.warnOnce("key", "once");
            AgentLog.warnOnce("key", "once");
            core.end();
        }
        assertEquals(2, said.toString().split("once", -1).length - 1, said.toString());
    }
}
