package io.rubato.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.rubato.agent.bridge.Command;
import io.rubato.agent.bridge.Hook;
import io.rubato.agent.bridge.Observer;
import io.rubato.agent.bridge.RunIdentity;
import io.rubato.agent.bridge.RunState;
import io.rubato.agent.bridge.StreamHooks;
import io.rubato.agent.bridge.SystemClocks;
import io.rubato.agent.core.instrument.SparkTransformer;
import java.lang.reflect.Proxy;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The traps in hooking the interval's accessor alone, on each Spark's own trigger loop: first that a naive hook is caught in
 * it, then that ours is not.
 */
@ParameterizedClass(name = "{0}")
@MethodSource("io.rubato.it.Spark#underTest")
@ExtendWith(Matrix.class)
@Tag("matrix")
class TrapsIT {
    private static final String FIRST_NAME = "org.apache.spark.sql.execution.streaming.ProcessingTimeExecutor";
    private static final long HOUR_MS = 3_600_000;

    @Parameter
    Spark spark;

    private final Object execution = new Object();
    private RunState run;

    @BeforeEach
    void runsOnTheTestsOwnJava() {
        assumeFalse(spark.hasItsOwnJava(), "these tests run Spark's trigger loop in their own JVM, on JDK "
                + Runtime.version().feature() + " alone");
    }

    @AfterEach
    void leave() {
        StreamHooks.runExited(execution);
        StreamHooks.observeWith(null);
    }

    private TriggerLoop naive(long configuredMs, TriggerLoop.Waits clock) throws Exception {
        String executor = TriggerLoop.Hooked.executorOf(spark);
        return new TriggerLoop(new TriggerLoop.Hooked(spark, new NaiveHook(executor)), configuredMs, clock);
    }

    /** A loop under our hooks; this thread is the one that drives the run. */
    private TriggerLoop ours(long configuredMs) throws Exception {
        TriggerLoop loop = new TriggerLoop(new TriggerLoop.Hooked(spark, new SparkTransformer()), configuredMs, null);
        enter(configuredMs);
        return loop;
    }

    private void enter(long configuredMs) {
        // Gives the run to the thread that enters it, and wants to know nothing.
        Observer core = (Observer) Proxy.newProxyInstance(TrapsIT.class.getClassLoader(), new Class<?>[] {Observer.class},
                (proxy, method, arguments) -> method.getName().equals("runEntered") ? run : null);
        run = new RunState(new RunIdentity("it/traps", "app", "it", "id", "run", "traps", spark.version(), "ProcessingTime",
                configuredMs, true), execution, new SystemClocks(), core);
        StreamHooks.observeWith(core);
        StreamHooks.runEntered(execution);
    }

    private void command(long intervalMs) {
        run.apply(new Command(1, 1, intervalMs, System.nanoTime() + HOUR_MS * 1_000_000));
    }

    private static void naiveSays(Long... intervals) {
        Iterator<Long> next = List.of(intervals).iterator();
        NaiveHook.says(next::next);
    }

    @Test
    @Proves(Promise.TRAPS)
    void theIntervalIsReadOnceInATrigger() throws Throwable {
        long now = 1_800_000_000_123L;
        TriggerLoop torn = naive(1_000, null);
        naiveSays(2_000L, 2_000L, 2_010L, 2_010L);
        assertTrue(torn.nextBatchTime(now) - now > 24 * HOUR_MS, "a change between two reads is days of waiting");
        naiveSays(2_000L, 0L, 0L);
        assertThrows(ArithmeticException.class, () -> torn.nextBatchTime(now), "a change to 0 kills the query");

        TriggerLoop loop = ours(1_000);
        command(2_000);
        CountDownLatch done = new CountDownLatch(1);
        Thread changes = new Thread(() -> {
            for (long i = 0; done.getCount() > 0; i++) {
                command(i % 2 == 0 ? 2_010 : 2_000);
            }
        });
        changes.start();
        try {
            for (int i = 0; i < 20_000; i++) {
                long wait = loop.nextBatchTime(now) - now;
                assertTrue(wait == 2_000 || wait == 2_010, "a wait of " + wait + " ms");
            }
        } finally {
            done.countDown();
            changes.join();
        }
    }

    @Test
    @Proves(Promise.TRAPS)
    void aCommandedIntervalCountsFromTheTriggersStartAndNotFrom1970() throws Throwable {
        long now = 30_000 * 60_000_000L + 29_900;
        NaiveHook.says(() -> 30_000);
        assertEquals(now + 100, naive(1_000, null).nextBatchTime(now));
        TriggerLoop loop = ours(1_000);
        assertEquals(now + 100, loop.nextBatchTime(now), "Spark's own arithmetic where nothing is commanded");
        command(30_000);
        assertEquals(now + 30_000, loop.nextBatchTime(now));
    }

    @Test
    @Proves(Promise.TRAPS)
    void aWaitInProgressIsCutByAShorterInterval() throws Throwable {
        AtomicLong interval = new AtomicLong(HOUR_MS);
        AtomicLong waited = new AtomicLong();
        NaiveHook.says(interval::get);
        AtomicInteger batches = new AtomicInteger();
        naive(HOUR_MS, new TriggerLoop.Waits() {
            @Override
            public long nowMs() {
                return HOUR_MS;
            }

            @Override
            public void until(long targetMs) {
                waited.set(targetMs - nowMs());
            }
        }).execute(() -> {
            // The shorter interval is there before the wait begins, and still comes too late.
            interval.set(100);
            return batches.incrementAndGet() < 2;
        });
        assertEquals(HOUR_MS, waited.get(), "the old interval was locked in");

        TriggerLoop.Hooked classes = new TriggerLoop.Hooked(spark, new SparkTransformer());
        TriggerLoop loop = new TriggerLoop(classes, 24 * HOUR_MS, null);
        CountDownLatch first = new CountDownLatch(1);
        FutureTask<Integer> stream = new FutureTask<>(() -> runUntilSecondBatch(loop, first));
        new Thread(stream, "stream").start();
        assertTrue(first.await(60, TimeUnit.SECONDS));
        Await.until("the wait has begun", () -> run.firings(Hook.WAIT) == 1);
        command(1);
        assertEquals(2, stream.get(60, TimeUnit.SECONDS));
    }

    private int runUntilSecondBatch(TriggerLoop loop, CountDownLatch first) throws Exception {
        enter(24 * HOUR_MS);
        AtomicInteger batches = new AtomicInteger();
        try {
            loop.execute(() -> {
                first.countDown();
                return batches.incrementAndGet() < 2;
            });
        } catch (Throwable failed) {
            throw new IllegalStateException(failed);
        } finally {
            StreamHooks.runExited(execution);
        }
        return batches.get();
    }

    @Test
    @Proves(Promise.TRAPS)
    void theClassesAreFoundUnderTheirNamesInThisSpark() throws Exception {
        boolean moved = spark.isAtLeast(4, 1);
        try (TriggerLoop.Hooked classes = new TriggerLoop.Hooked(spark, new NaiveHook(FIRST_NAME))) {
            classes.loadClass(classes.executor);
            assertEquals(moved ? List.of() : List.of(classes.executor), classes.changed, "by the first name alone");
        }
        String execution = "org.apache.spark.sql.execution.streaming." + (moved ? "runtime." : "") + "MicroBatchExecution";
        String manager = "org.apache.spark.sql." + (spark.isAtLeast(4, 0) ? "classic" : "streaming") + ".StreamingQueryManager";
        try (TriggerLoop.Hooked classes = new TriggerLoop.Hooked(spark, new SparkTransformer())) {
            for (String name : List.of(classes.executor, execution, manager, "org.apache.spark.util.SystemClock")) {
                classes.loadClass(name);
                assertTrue(classes.changed.contains(name), name + " carries no hook");
            }
        }
    }
}
