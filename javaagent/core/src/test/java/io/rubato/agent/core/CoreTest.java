package io.rubato.agent.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rubato.agent.bridge.Hook;
import io.rubato.agent.bridge.StreamHooks;
import io.rubato.agent.core.control.AgentStatus;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.description.modifier.Visibility;
import net.bytebuddy.dynamic.loading.ByteArrayClassLoader;
import net.bytebuddy.implementation.FixedValue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CoreTest {
    private static final String CLOCK = "org.apache.spark.util.SystemClock";

    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    private final byte[] clockBytes = new ByteBuddy().subclass(Object.class).name(CLOCK)
            .defineMethod("waitTillTime", long.class, Visibility.PUBLIC).withParameters(long.class)
            .intercept(FixedValue.value(17L)).make().getBytes();
    private final Class<?> clock;
    private ClassFileTransformer transformer;
    private boolean hooked;
    /** Of a JVM that has loaded Spark's clock alone. */
    private final Instrumentation instrumentation = (Instrumentation) Proxy.newProxyInstance(CoreTest.class.getClassLoader(),
            new Class<?>[] {Instrumentation.class}, (proxy, method, arguments) -> {
                if (method.getName().equals("retransformClasses")) {
                    hooked = transformer != null && transformer.transform(clock().getClassLoader(), CLOCK.replace('.', '/'),
                            clock(), null, clockBytes) != null;
                    return null;
                }
                return new Class<?>[] {clock()};
            });

    CoreTest() throws ClassNotFoundException {
        clock = new ByteArrayClassLoader(getClass().getClassLoader(), Collections.singletonMap(CLOCK, clockBytes))
                .loadClass(CLOCK);
    }

    private Class<?> clock() {
        return clock;
    }

    /** Stands in for Spark's. */
    public static final class Execution {
        public String name() {
            return "q";
        }

        public String runId() {
            return "run-1";
        }
    }

    /** Stands in for Spark's. */
    public static final class QueryTerminatedEvent {
        public String runId() {
            return "run-1";
        }
    }

    @BeforeEach
    void listen() {
        AgentLog.setOut(new PrintStream(said, true));
    }

    @AfterEach
    void restore() {
        AgentLog.setOut(System.err);
        StreamHooks.forgetAll();
    }

    private Core start() throws NoSuchMethodException {
        return start("");
    }

    private Core start(String options) throws NoSuchMethodException {
        return (Core) Core.start(options, "0.0", instrumentation, CoreTest.class.getClassLoader());
    }

    private static List<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().startsWith("rubato-"))
                .collect(Collectors.toList());
    }

    @Test
    void afterTheEndNoClassOfSparksCarriesAHookNorIsSaidToAndNoThreadIsLeft() throws Exception {
        Core core = start();
        transformer = core;
        core.settle();
        assertTrue(hooked);
        assertTrue(Hook.WAIT.isActive());
        transformer = null;
        List<Thread> threads = threads();
        core.end();
        assertFalse(hooked);
        assertFalse(Hook.WAIT.isActive());
        for (Thread thread : threads) {
            thread.join(30_000);
            assertFalse(thread.isAlive(), thread.getName());
        }
    }

    @Test
    void noBeanOutlivesTheAgentNorComesWithABeatThatIsLate() throws Exception {
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        ObjectName bean = new ObjectName(AgentStatus.NAME);
        Core core = start();
        core.checkHooks();
        assertTrue(server.isRegistered(bean));
        core.end();
        assertFalse(server.isRegistered(bean));
        Core early = start();
        early.end();
        early.checkHooks();
        assertFalse(server.isRegistered(bean));
    }

    @Test
    void aRunGoesOnCountingPastAnAgentThatDidNotFollowItAndIsForgottenWithItsEnd() throws NoSuchMethodException {
        assertEquals(2, nextSeq(""));
        assertEquals(0, nextSeq("exclude=*/q"));
        start().end();
        assertEquals(4, nextSeq(""));
        Core last = start();
        StreamHooks.runEntered(new Execution());
        StreamHooks.eventPosted(new QueryTerminatedEvent());
        last.end();
        assertEquals(2, nextSeq(""));
    }

    /** Of the run's next message but for its introduction, under an agent with these options; 0 where it is none of its own. */
    private long nextSeq(String options) throws NoSuchMethodException {
        Core core = start(options);
        StreamHooks.runEntered(new Execution());
        long seq = StreamHooks.current() == null ? 0 : StreamHooks.current().nextMessageSeq();
        core.end();
        return seq;
    }

    @Test
    void anAdvicesFailureIsSaidByTheAgentWhoseItWasAlone() throws NoSuchMethodException {
        StreamHooks.adviceError(new IllegalStateException("injected"));
        for (int attachment = 0; attachment < 2; attachment++) {
            Core core = start();
            core.checkHooks();
            core.end();
        }
        assertEquals(1, said.toString().split("injected", -1).length - 1, said.toString());
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
        Set<String> threads = threads().stream().map(Thread::getName).collect(Collectors.toSet());
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
