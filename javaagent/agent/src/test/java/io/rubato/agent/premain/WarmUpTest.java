package io.rubato.agent.premain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.lang.reflect.Proxy;
import java.security.ProtectionDomain;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class WarmUpTest {
    private static final long LONG_MS = 60_000;

    private final AtomicInteger gatesTakenOut = new AtomicInteger();
    private final Instrumentation instrumentation = (Instrumentation) Proxy.newProxyInstance(
            WarmUpTest.class.getClassLoader(), new Class<?>[] {Instrumentation.class}, (proxy, method, arguments) -> {
                if (method.getName().equals("removeTransformer")) {
                    gatesTakenOut.incrementAndGet();
                    return true;
                }
                return null;
            });

    /** Stands in for the core, which is called by the names of its methods. */
    public static class StandIn implements ClassFileTransformer {
        final CountDownLatch ended = new CountDownLatch(1);

        @Override
        public byte[] transform(ClassLoader loader, String name, Class<?> type, ProtectionDomain domain, byte[] bytes) {
            return null;
        }

        public void settle() {
        }

        public String report() {
            return "hooks active";
        }

        public String release() {
            return "";
        }

        public void end() {
            ended.countDown();
        }
    }

    /** Fails to give its queries back, then waits for one, and is done. */
    public static final class Reluctant extends StandIn {
        private final AtomicInteger asked = new AtomicInteger();

        @Override
        public String release() {
            switch (asked.incrementAndGet()) {
                case 1:
                    throw new IllegalStateException("injected");
                case 2:
                    return "app/q";
                default:
                    return "";
            }
        }
    }

    @Test
    void theHooksStayUntilEveryLoopHasLetGoOfItsTarget() throws InterruptedException {
        Reluctant core = new Reluctant();
        WarmUp agent = new WarmUp(instrumentation, LONG_MS, sparkLoader -> core);
        agent.settleLive(null);
        assertTrue(agent.detach().startsWith("detached"));
        assertEquals(3, core.asked.get());
        assertEquals(0, core.ended.getCount());
    }

    @Test
    void aWarmUpThatTakesLongerThanTheCommandWaitsStaysAndCanBeTakenBack() throws InterruptedException {
        StandIn core = new StandIn();
        CountDownLatch slow = new CountDownLatch(1);
        WarmUp agent = new WarmUp(instrumentation, 1, sparkLoader -> {
            slow.await();
            return core;
        });
        assertEquals("still warming up: the hooks come when that is over", agent.settleLive(null));
        assertEquals("still warming up: the agent leaves when that is over", agent.detach());
        assertEquals(0, gatesTakenOut.get());
        slow.countDown();
        assertTrue(core.ended.await(LONG_MS, TimeUnit.MILLISECONDS), "it stays for good");
        assertEquals(1, gatesTakenOut.get());
    }

    @Test
    void aWarmUpThatHangsIsSaidOnceHoweverManyClassesOfAStreamCome() {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream before = System.err;
        System.setErr(new PrintStream(said, true));
        CountDownLatch hung = new CountDownLatch(1);
        try {
            WarmUp agent = new WarmUp(instrumentation, 1, sparkLoader -> {
                hung.await();
                return null;
            });
            load(agent, "sql/execution/streaming/MicroBatchExecution");
            load(agent, "sql/execution/streaming/ProcessingTimeExecutor");
        } finally {
            System.setErr(before);
            hung.countDown();
        }
        assertEquals(2, said.toString().split("takes too long", -1).length, said.toString());
    }

    @Test
    void aClassThatLoadsWhileTheAgentLeavesBeforeItHasBegunMakesNoCore() throws InterruptedException {
        AtomicInteger made = new AtomicInteger();
        WarmUp agent = new WarmUp(instrumentation, LONG_MS, sparkLoader -> {
            made.incrementAndGet();
            return new StandIn();
        });
        assertTrue(agent.detach().startsWith("detached"));
        load(agent, "sql/SparkSession");
        load(agent, "sql/execution/streaming/MicroBatchExecution");
        assertEquals(0, made.get());
    }

    private static void load(WarmUp agent, String name) {
        agent.gate.transform(null, "org/apache/spark/" + name, null, null, new byte[0]);
    }

    @Test
    void aWarmUpThatFailsIsTakenBackAtOnce() throws InterruptedException {
        WarmUp agent = new WarmUp(instrumentation, LONG_MS, sparkLoader -> {
            throw new IllegalStateException("injected");
        });
        assertNull(agent.settleLive(null));
        assertEquals(1, gatesTakenOut.get());
    }

    @Test
    void aWarmUpThatEndsInTimeReportsAndIsTakenBackWhole() throws InterruptedException {
        StandIn core = new StandIn();
        WarmUp agent = new WarmUp(instrumentation, LONG_MS, sparkLoader -> core);
        assertEquals("hooks active", agent.settleLive(null));
        assertTrue(agent.detach().startsWith("detached"));
        assertEquals(0, core.ended.getCount());
    }
}
