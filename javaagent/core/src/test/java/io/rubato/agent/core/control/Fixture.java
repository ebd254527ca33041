package io.rubato.agent.core.control;

import io.rubato.agent.bridge.Clock;
import io.rubato.agent.bridge.Hook;
import io.rubato.agent.bridge.Observer;
import io.rubato.agent.bridge.RunIdentity;
import io.rubato.agent.bridge.RunState;
import io.rubato.agent.bridge.RunTally;
import io.rubato.agent.bridge.StreamHooks;
import io.rubato.agent.bridge.SystemClocks;
import io.rubato.agent.core.Options;
import io.rubato.agent.core.spark.SparkReader;
import io.rubato.agent.core.wire.MessageQueue;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Map;
import java.util.Properties;

/** Runs without Spark. */
public final class Fixture {
    public final MessageQueue queue = new MessageQueue(100);
    public final Options options = Options.parse("min=100ms,max=10s", new Properties());
    public final Runs runs;
    final Commander commander;

    public Fixture() {
        this(Collections.emptyMap());
    }

    /** @param earlier what an agent that was here before has left, by run id */
    public Fixture(Map<String, RunTally> earlier) {
        runs = new Runs(options, new SparkReader(), queue, earlier, () -> { });
        commander = new Commander(options, runs);
        for (Hook hook : Hook.values()) {
            hook.activated();
        }
    }

    public RunState begin(String name, String runId, boolean manageable) {
        return begin(name, runId, manageable, new SystemClocks());
    }

    public RunState begin(String name, String runId, boolean manageable, Clock clock) {
        return runs.begin(new RunState(new RunIdentity("app/" + name, "app-1", "app", "id", runId, name, "3.5.7",
                "ProcessingTime", 2_000, manageable), this, clock, runs));
    }

    /** This thread begins a turn of the run. */
    public static void turn(RunState run) {
        StreamHooks.observeWith((Observer) Proxy.newProxyInstance(Fixture.class.getClassLoader(),
                new Class<?>[] {Observer.class}, (proxy, method, arguments) -> run));
        StreamHooks.runEntered(run);
        StreamHooks.nextBatchTimeEntered(1_000);
    }

    TrackedRun tracked(String runId) {
        return runs.all().stream().filter(run -> run.state.identity.runId.equals(runId)).findFirst().get();
    }

    void decide(String key, String runId, long epoch, long seq, long intervalMs, long leaseMs, String action, String cause) {
        commander.take(key, ("{\"v\":1,\"epoch\":" + epoch + ",\"seq\":" + seq + ",\"runId\":\"" + runId + "\",\"intervalMs\":"
                + intervalMs + ",\"action\":\"" + action + "\",\"leaseMs\":" + leaseMs + ",\"causeSeq\":" + cause + "}")
                .getBytes(StandardCharsets.UTF_8));
    }

    /** Whether this wakes who waits for a message of the emptied queue. */
    boolean wakesTheSender(Runnable act) throws InterruptedException {
        while (queue.poll() != null) {
            continue;
        }
        Thread sender = new Thread(() -> {
            try {
                queue.await();
            } catch (InterruptedException stop) {
                // It was never woken.
            }
        });
        sender.start();
        try {
            while (true) {
                synchronized (queue) {
                    if (sender.getState() == Thread.State.WAITING) {
                        act.run();
                        // Once woken it wants the monitor that is held here.
                        return sender.getState() == Thread.State.BLOCKED;
                    }
                }
                Thread.yield();
            }
        } finally {
            sender.interrupt();
            sender.join(10_000);
        }
    }
}
