package io.rubato.agent.core.control;

import io.rubato.agent.bridge.Clock;
import io.rubato.agent.bridge.Command;
import io.rubato.agent.bridge.Hook;
import io.rubato.agent.bridge.Observer;
import io.rubato.agent.bridge.RunIdentity;
import io.rubato.agent.bridge.RunState;
import io.rubato.agent.bridge.StreamHooks;
import io.rubato.agent.core.Options;
import io.rubato.agent.core.spark.SparkReader;
import io.rubato.agent.core.wire.MessageQueue;
import io.rubato.agent.core.wire.MessageWriter;
import java.lang.reflect.Proxy;
import java.util.Collections;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Every hook that one trigger passes on the stream thread, waits left out, while another thread takes the messages and
 * writes them as the sender would.
 */
@State(Scope.Thread)
@BenchmarkMode({Mode.AverageTime, Mode.SampleTime})
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(2)
public class TriggerBenchmark {
    /** Monotonic time that can be pushed ahead, so that a wait is over when it is entered. */
    static final class Pushed implements Clock {
        private long ahead;

        @Override
        public long wallMs() {
            return System.currentTimeMillis() + ahead / 1_000_000;
        }

        @Override
        public long nanos() {
            return System.nanoTime() + ahead;
        }

        @Override
        public void await(Object monitor, long millis) {
            throw new IllegalStateException("no wait is expected");
        }
    }

    /** Stands in for Spark's event of this name. */
    public static final class QueryProgressEvent {
        /** Stands in for Spark's progress. */
        public static final class Progress {
            public String json() {
                return "{\"numInputRows\":3}";
            }
        }

        public Progress progress() {
            return new Progress();
        }
    }

    private static final long INTERVAL_MS = 1_000;

    @Param({"false", "true"})
    public boolean managed;

    private final Pushed clock = new Pushed();
    private final Object event = new QueryProgressEvent();
    private final Object[] noArguments = {};
    private Thread sender;
    private RunState run;

    @Setup(Level.Trial)
    public void start() {
        MessageQueue queue = new MessageQueue(2_048);
        Runs runs = new Runs(Options.parse("", new Properties()), new SparkReader(), queue, Collections.emptyMap(), () -> { });
        run = new RunState(new RunIdentity("app/q", "app-1", "app", "id", "run", "q", "3.5.7", "ProcessingTime",
                INTERVAL_MS, true), this, clock, runs);
        runs.begin(run);
        for (Hook hook : Hook.values()) {
            hook.activated();
        }
        StreamHooks.observeWith((Observer) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {Observer.class},
                (proxy, method, arguments) -> run));
        StreamHooks.runEntered(this);
        StreamHooks.observeWith(runs);
        sender = new Thread(() -> {
            MessageWriter writer = new MessageWriter("bench");
            try {
                while (true) {
                    writer.write(queue.take(), System.nanoTime());
                }
            } catch (InterruptedException stop) {
                // The trial ends.
            } catch (Exception failed) {
                throw new IllegalStateException(failed);
            }
        });
        sender.setDaemon(true);
        sender.start();
        if (managed) {
            run.apply(new Command(1, 1, INTERVAL_MS, System.nanoTime() + Long.MAX_VALUE / 2));
        }
    }

    @TearDown(Level.Trial)
    public void stop() {
        sender.interrupt();
    }

    @Benchmark
    public long trigger() {
        long now = clock.wallMs();
        long entered = StreamHooks.nextBatchTimeEntered(now);
        long target = StreamHooks.nextBatchTimeExited(entered, now / INTERVAL_MS * INTERVAL_MS + INTERVAL_MS);
        StreamHooks.batchConstructed(true);
        StreamHooks.batchEnded(this, noArguments);
        StreamHooks.eventPosted(event);
        clock.ahead += INTERVAL_MS * 1_000_000;
        StreamHooks.intervalRead(INTERVAL_MS);
        StreamHooks.fallingBehindEntered(INTERVAL_MS);
        return StreamHooks.waitTillTimeEntered(target);
    }
}
