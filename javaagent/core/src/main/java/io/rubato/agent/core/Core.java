package io.rubato.agent.core;

import io.rubato.agent.bridge.Hook;
import io.rubato.agent.bridge.StreamHooks;
import io.rubato.agent.core.control.Commander;
import io.rubato.agent.core.control.Heartbeat;
import io.rubato.agent.core.control.Runs;
import io.rubato.agent.core.instrument.SparkTransformer;
import io.rubato.agent.core.kafka.DecisionReceiver;
import io.rubato.agent.core.kafka.MetricSender;
import io.rubato.agent.core.spark.SparkReader;
import io.rubato.agent.core.wire.MessageQueue;
import io.rubato.agent.core.wire.MessageWriter;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** Joins the parts. Made by the premain half, by its name, on the warm-up thread. */
public final class Core {
    /** Messages that wait for the broker; beyond it the oldest are dropped. */
    private static final int QUEUE = 2_048;
    private static final int MOST_RETRANSFORMS = 20;

    private final Options options;
    private final Instrumentation instrumentation;
    private final SparkTransformer transformer;
    private final MessageQueue queue = new MessageQueue(QUEUE);
    private final Runs runs;
    private final String version;
    private int retransforms;
    private boolean errorSaid;

    private Core(String argument, String version, Instrumentation instrumentation) throws NoSuchMethodException {
        this.options = Options.parse(argument, System.getProperties());
        this.version = version;
        this.instrumentation = instrumentation;
        this.transformer = new SparkTransformer();
        this.runs = new Runs(options, new SparkReader(), queue, this::startThreads);
    }

    /**
     * Starts the core: reads the options, gets the transformer ready on the loader's classes, and retransforms those that
     * are loaded already.
     *
     * @return the transformer for Spark's classes
     */
    public static ClassFileTransformer start(String argument, String version, Instrumentation instrumentation,
            ClassLoader sparkLoader) throws NoSuchMethodException {
        Core core = new Core(argument, version, instrumentation);
        AgentLog.setLevel(core.options.log());
        for (String mistake : core.options.mistakes()) {
            AgentLog.warn(mistake);
        }
        core.transformer.rehearse(sparkLoader);
        StreamHooks.observeWith(core.runs);
        return core.transformer;
    }

    private void startThreads() {
        CountDownLatch listening = new CountDownLatch(1);
        daemon("rubato-receiver", new DecisionReceiver(options, new Commander(options, runs), listening));
        daemon("rubato-sender", new MetricSender(options, queue, new MessageWriter(version), listening));
        daemon("rubato-heartbeat", new Heartbeat(runs, queue, this::checkHooks));
        AgentLog.info("version " + version + ": metrics to " + options.metricsTopic() + ", decisions from "
                + options.decisionsTopic() + " at " + options.brokers());
    }

    private static void daemon(String name, Runnable body) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        thread.setContextClassLoader(Core.class.getClassLoader());
        thread.start();
    }

    /** Looks for classes that slipped by while they were loading, and says once what went wrong in an advice. */
    private void checkHooks() {
        if (!Hook.allRequiredActive() && retransforms < MOST_RETRANSFORMS) {
            retransforms++;
            retransform(instrumentation);
            if (retransforms == MOST_RETRANSFORMS && !Hook.allRequiredActive()) {
                AgentLog.warn("not every hook could be placed in this Spark: queries are left alone");
            }
        }
        if (StreamHooks.adviceErrors() > 0 && !errorSaid) {
            errorSaid = true;
            AgentLog.warn("an advice failed, Spark's own code ran instead: " + StreamHooks.firstError());
        }
    }

    /** Puts the hooks into classes that are loaded already. Never call this inside a class-loading callback. */
    public static void retransform(Instrumentation instrumentation) {
        List<Class<?>> unhooked = SparkTransformer.unhooked(instrumentation.getAllLoadedClasses());
        for (Class<?> type : unhooked) {
            try {
                instrumentation.retransformClasses(type);
            } catch (Throwable error) {
                AgentLog.warnOnce("retransform " + type, type.getName() + " cannot be retransformed: " + error);
            }
        }
    }
}
