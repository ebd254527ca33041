package io.rubato.it;

import static net.bytebuddy.matcher.ElementMatchers.isPublic;
import static net.bytebuddy.matcher.ElementMatchers.named;
import static net.bytebuddy.matcher.ElementMatchers.namedOneOf;
import static net.bytebuddy.matcher.ElementMatchers.none;

import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.agent.builder.AgentBuilder;
import net.bytebuddy.asm.Advice;
import net.bytebuddy.description.method.MethodDescription;
import net.bytebuddy.dynamic.scaffold.MethodGraph;
import net.bytebuddy.matcher.ElementMatcher;

/**
 * Takes the time of our hooks inside a driver with one query at a time, as another agent around them. When the driver ends it
 * writes, to the file that is its argument, three lines for each trigger (what all hooks of it took on the stream thread, its
 * wait left out: time that passed, CPU time, and how much of that was our own, by a method that does nothing and is timed
 * after each hook) and one for each command that started a trigger (from the command's bytes in the JVM, or from the entry
 * into the wait where that came later). Each begins with the query's name, a trigger's then with "batch" or "empty".
 */
public final class HookTimesAgent {
    private static final String STREAM_THREAD = "stream execution thread for ";
    /** By name: a class literal would load the class before the stamps are ready. */
    private static final String IDLE = "io.rubato.it.HookTimesAgent$Idle";

    private HookTimesAgent() {
    }

    public static void premain(String file, Instrumentation instrumentation) {
        Recorder recorder = new Recorder();
        // The advice is inlined into classes of the bootstrap loader, which see nothing of ours.
        BiConsumer<String, Long> entered = recorder::entered;
        BiConsumer<String, Long> left = recorder::left;
        System.getProperties().put("rubato.times.entered", entered);
        System.getProperties().put("rubato.times.left", left);
        AgentBuilder builder = new AgentBuilder.Default(new ByteBuddy().with(MethodGraph.Compiler.ForDeclaredMethods.INSTANCE))
                .with(AgentBuilder.TypeStrategy.Default.DECORATE).with(AgentBuilder.InitializationStrategy.NoOp.INSTANCE)
                .with(AgentBuilder.Listener.StreamWriting.toSystemError().withErrorsOnly()).ignore(none());
        builder = stamped(builder, "io.rubato.agent.bridge.StreamHooks", namedOneOf("nextBatchTimeEntered", "nextBatchTimeExited",
                "constructEntered", "batchConstructed", "batchEnded", "eventPosted", "intervalRead", "fallingBehindEntered",
                "waitTillTimeEntered"));
        builder = stamped(builder, IDLE, named("nothing"));
        builder = stamped(builder, "io.rubato.agent.bridge.SystemClocks", named("await"));
        builder = stamped(builder, "io.rubato.agent.core.control.Commander", named("take").and(isPublic()));
        builder.installOn(instrumentation);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> recorder.write(Paths.get(file))));
    }

    private static AgentBuilder stamped(AgentBuilder builder, String type,
            ElementMatcher<? super MethodDescription> methods) {
        return builder.type(named(type)).transform((b, t, loader, module, domain) ->
                b.visit(Advice.to(Stamps.class).on(methods)));
    }

    /** A hook that does nothing: what is measured of it is the measuring. */
    static final class Idle {
        private Idle() {
        }

        static void nothing() {
        }
    }

    /** Inlined into the hooks. */
    static final class Stamps {
        private Stamps() {
        }

        @Advice.OnMethodEnter
        @SuppressWarnings("unchecked")
        static void enter(@Advice.Origin("#m") String method) {
            ((BiConsumer<String, Long>) System.getProperties().get("rubato.times.entered")).accept(method, System.nanoTime());
        }

        @Advice.OnMethodExit(onThrowable = Throwable.class)
        @SuppressWarnings("unchecked")
        static void exit(@Advice.Origin("#m") String method) {
            ((BiConsumer<String, Long>) System.getProperties().get("rubato.times.left")).accept(method, System.nanoTime());
        }
    }

    /** Of one stream thread, and of the thread that takes commands. Each clock is read last on entry and first on leaving. */
    private static final class Recorder {
        private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        private final List<String> lines = new ArrayList<>();
        private long commandNs;
        private long waitNs;
        private Spent hook = new Spent();
        private Spent await = new Spent();
        private Spent turn = new Spent();
        private Spent own = new Spent();
        private boolean batch;

        /** Of a thread's life: time that has passed, and CPU time. */
        private static final class Spent {
            long ns;
            long cpuNs;
        }

        synchronized void entered(String method, Long now) {
            switch (method) {
                case "take":
                    commandNs = now;
                    return;
                case "await":
                    start(await);
                    return;
                case "nextBatchTimeEntered":
                    begin(now);
                    break;
                case "waitTillTimeEntered":
                    waitNs = now;
                    break;
                case "batchEnded":
                    batch = true;
                    break;
                default:
            }
            if (isStreamThread()) {
                start(hook);
            }
        }

        private static boolean isStreamThread() {
            return Thread.currentThread().getName().startsWith(STREAM_THREAD);
        }

        private void start(Spent spent) {
            spent.cpuNs = threads.getCurrentThreadCpuTime();
            spent.ns = System.nanoTime();
        }

        private void begin(long now) {
            if (turn.ns > 0) {
                String kind = batch ? "batch " : "empty ";
                say(kind + "trigger", turn.ns);
                say(kind + "cpu", turn.cpuNs);
                say(kind + "own", own.cpuNs);
            }
            batch = false;
            turn = new Spent();
            own = new Spent();
            if (commandNs != 0) {
                say("wake", now - Math.max(commandNs, waitNs));
                commandNs = 0;
            }
        }

        /** On a stream thread, which is called after its query. */
        private void say(String what, long ns) {
            String query = Thread.currentThread().getName().substring(STREAM_THREAD.length()).split(" ")[0];
            lines.add(query + " " + what + " " + ns);
        }

        synchronized void left(String method, Long now) {
            if (method.equals("await")) {
                add(turn, now, await, -1);
            } else if (method.equals("nothing")) {
                add(own, now, hook, 1);
            } else if (!method.equals("take") && isStreamThread()) {
                add(turn, now, hook, 1);
                Idle.nothing();
            }
        }

        private void add(Spent to, long now, Spent since, int sign) {
            to.cpuNs += sign * (threads.getCurrentThreadCpuTime() - since.cpuNs);
            to.ns += sign * (now - since.ns);
        }

        synchronized void write(Path file) {
            try {
                Files.write(file, lines);
            } catch (IOException lost) {
                lost.printStackTrace();
            }
        }
    }
}
