package io.rubato.agent.core;

import io.rubato.agent.bridge.Hook;
import io.rubato.agent.bridge.RunState;
import io.rubato.agent.bridge.RunTally;
import io.rubato.agent.bridge.StreamHooks;
import io.rubato.agent.core.control.AgentStatus;
import io.rubato.agent.core.control.Commander;
import io.rubato.agent.core.control.Heartbeat;
import io.rubato.agent.core.control.Remembered;
import io.rubato.agent.core.control.Runs;
import io.rubato.agent.core.control.TrackedRun;
import io.rubato.agent.core.instrument.SparkTransformer;
import io.rubato.agent.core.kafka.DecisionReceiver;
import io.rubato.agent.core.kafka.MetricSender;
import io.rubato.agent.core.spark.SparkReader;
import io.rubato.agent.core.spark.StreamThreads;
import io.rubato.agent.core.wire.MessageQueue;
import io.rubato.agent.core.wire.MessageWriter;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.security.ProtectionDomain;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;

/**
 * Joins the parts. Made by the premain half, which calls it by the names of its methods, on its warm-up thread. One core
 * lives from an attachment to its detachment; {@link #EARLIER} is what one leaves to the next.
 */
public final class Core implements ClassFileTransformer {
    /** Messages that wait for the broker; beyond it the oldest are dropped. */
    private static final int QUEUE = 2_048;
    /** A driver's first batch loads thousands of classes: ours, Kafka's client first of all, come when it is over, or then. */
    private static final long FIRST_TURN_MS = 5_000;
    private static final int MOST_LOOKS = 20;
    private static final int ROUNDS = 10;
    private static final int RUNS_REMEMBERED = 1_000;
    /** By run id. An agent in between may not have followed the run, and a run may end while there is no agent. */
    private static final Map<String, RunTally> EARLIER = Collections.synchronizedMap(new Remembered<>(RUNS_REMEMBERED));

    private final Options options;
    private final Instrumentation instrumentation;
    private final SparkTransformer transformer = new SparkTransformer();
    private final MessageQueue queue = new MessageQueue(QUEUE);
    private final Daemons daemons = new Daemons();
    private final CountDownLatch firstRun = new CountDownLatch(1);
    private final Runs runs;
    private final AgentStatus status;
    private final String version;
    /** Streams may be running already. */
    private final boolean live;
    private boolean shown;
    private boolean ended;
    private int looks;

    private Core(String argument, String version, Instrumentation instrumentation, boolean live) throws NoSuchMethodException {
        this.options = Options.parse(argument, System.getProperties());
        this.version = version;
        this.live = live;
        this.instrumentation = instrumentation;
        this.runs = new Runs(options, new SparkReader(), queue, EARLIER, this::firstRunBegins);
        this.status = new AgentStatus(version, runs);
    }

    /**
     * Starts a core: reads the options and gets the transformer ready.
     *
     * @param sparkLoader whose classes are rehearsed, so that the first stream does not wait for it; null where streams
     *     may be running
     */
    public static ClassFileTransformer start(String argument, String version, Instrumentation instrumentation,
            ClassLoader sparkLoader) throws NoSuchMethodException {
        Core core = new Core(argument, version, instrumentation, sparkLoader == null);
        AgentLog.begin(core.options.log());
        for (String mistake : core.options.mistakes()) {
            AgentLog.warn(mistake);
        }
        if (sparkLoader != null) {
            core.transformer.rehearse(sparkLoader);
        }
        core.startThreads();
        StreamHooks.observeWith(core.runs);
        return core;
    }

    @Override
    public byte[] transform(ClassLoader loader, String internalName, Class<?> redefined, ProtectionDomain domain,
            byte[] bytes) {
        return transformer.transform(loader, internalName, redefined, domain, bytes);
    }

    /**
     * Puts the hooks into classes that are loaded already, until a look finds none that was missed, and takes up the runs
     * that are under way. Never call this inside a class-loading callback.
     */
    public void settle() {
        for (int round = 0; round < ROUNDS && retransform(); round++) {
            continue;
        }
        for (Map.Entry<Thread, Object> stream : StreamThreads.alive().entrySet()) {
            Object execution = stream.getValue();
            if (SparkTransformer.isExecution(execution.getClass())) {
                RunState run = runs.runEntered(execution);
                if (run != null && !run.isExited()) {
                    StreamHooks.adopt(stream.getKey(), run);
                }
            }
        }
    }

    /** Whether there was anything to do. */
    private boolean retransform() {
        List<Class<?>> missed = transformer.unmet(instrumentation.getAllLoadedClasses());
        for (Class<?> type : missed) {
            try {
                instrumentation.retransformClasses(type);
            } catch (Throwable error) {
                transformer.refused(type);
                AgentLog.warnOnce("retransform " + type, type.getName() + " cannot be retransformed: " + error);
            }
        }
        return !missed.isEmpty();
    }

    /** One line for whoever attached: which queries are followed, or which hooks are missing. */
    public String report() {
        TreeSet<String> keys = new TreeSet<>();
        for (TrackedRun run : runs.all()) {
            keys.add(run.state.identity.key);
        }
        String queries = keys.isEmpty() ? "no query yet" : "queries: " + String.join(", ", keys);
        return Hook.allRequiredActive() ? "hooks active; " + queries
                : "hooks to come with Spark's classes: " + Hook.missing() + "; " + queries;
    }

    /**
     * They sleep until a run begins. One that was made on a query's thread would inherit that query's session and local
     * properties, and keep them for as long as the driver lives.
     */
    private void startThreads() {
        CountDownLatch listening = new CountDownLatch(1);
        Daemons.Wait warm = () -> {
            firstRun.await();
            runs.awaitFirstTurn(live ? 0 : FIRST_TURN_MS);
        };
        daemons.startLate("rubato-receiver", warm,
                () -> new DecisionReceiver(options, new Commander(options, runs), listening));
        daemons.startLate("rubato-sender", warm,
                () -> new MetricSender(options, queue, new MessageWriter(version), listening));
        daemons.startLate("rubato-heartbeat", warm,
                () -> new Heartbeat(runs, queue, this::checkHooks, () -> AgentLog.info(status.line())));
    }

    private void firstRunBegins() {
        firstRun.countDown();
        AgentLog.info("version " + version + ": metrics to " + options.metricsTopic() + ", decisions from "
                + options.decisionsTopic() + " at " + options.brokers());
    }

    /**
     * Looks for classes that slipped by while they were loading, and says once of each kind of error that it stopped an
     * advice. A beat that comes after the end changes nothing.
     */
    synchronized void checkHooks() {
        if (ended) {
            return;
        }
        if (!shown) {
            shown = true;
            status.register();
        }
        if (!Hook.allRequiredActive() && looks < MOST_LOOKS) {
            looks++;
            retransform();
            if (looks == MOST_LOOKS && !Hook.allRequiredActive()) {
                AgentLog.warn("still without the hooks " + Hook.missing() + ": no command is taken");
            }
        }
        Throwable error = StreamHooks.takeLastError();
        if (error != null) {
            AgentLog.warnOnce("advice " + error.getClass().getName(),
                    "an advice failed, Spark's own code ran instead: " + error);
        }
    }

    /**
     * Gives every query its own interval back, and takes no command any more.
     *
     * @return the keys of queries whose loop still holds a target of ours, since their trigger began under a command; the
     *     hooks must stay until there are none
     */
    public String release() {
        runs.close();
        TreeSet<String> held = new TreeSet<>();
        for (TrackedRun run : runs.all()) {
            if (run.state.holdsOurTarget()) {
                held.add(run.state.identity.key);
            }
        }
        return String.join(", ", held);
    }

    /** Takes the hooks out of Spark's classes, once this is no transformer of the JVM's any more, and stops every thread. */
    public synchronized void end() {
        ended = true;
        for (Class<?> type : transformer.hooked(instrumentation.getAllLoadedClasses())) {
            try {
                instrumentation.retransformClasses(type);
            } catch (Throwable error) {
                AgentLog.warn(type.getName() + " keeps its hooks, which do nothing: " + error);
            }
        }
        Hook.deactivateAll();
        StreamHooks.forgetAll();
        for (TrackedRun run : runs.all()) {
            EARLIER.put(run.state.identity.runId, run.state.tally());
        }
        daemons.stop();
        status.unregister();
        AgentLog.info("detached: every query has its own interval");
    }
}
