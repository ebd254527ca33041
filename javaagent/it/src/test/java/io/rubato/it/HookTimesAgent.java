package io.rubato.it;

import static net.bytebuddy.matcher.ElementMatchers.isPublic;
import static net.bytebuddy.matcher.ElementMatchers.named;
import static net.bytebuddy.matcher.ElementMatchers.namedOneOf;
import static net.bytebuddy.matcher.ElementMatchers.none;

import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.nio.file.Files;
import java.nio.file.Path;
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
 * Takes the time of our hooks inside a driver with one query, as another agent around them. When the driver ends it writes,
 * to the file that is its argument, a line for each trigger (what all hooks of it took on the stream thread, its wait left
 * out) and one for each command that started a trigger (from the command's bytes in the JVM, or from the entry into the
 * wait where that came later). The stamps themselves are in the times: about two microseconds a trigger.
 */
public final class HookTimesAgent {
    private static final String STREAM_THREAD = "stream execution thread";

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
        builder = stamped(builder, "io.rubato.agent.bridge.SystemClocks", named("await"));
        builder = stamped(builder, "io.rubato.agent.core.control.Commander", named("take").and(isPublic()));
        builder.installOn(instrumentation);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> recorder.write(Path.of(file))));
    }

    private static AgentBuilder stamped(AgentBuilder builder, String type,
            ElementMatcher<? super MethodDescription> methods) {
        return builder.type(named(type)).transform((b, t, loader, module, domain) ->
                b.visit(Advice.to(Stamps.class).on(methods)));
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

    /** Of one stream thread, and of the thread that takes commands. */
    private static final class Recorder {
        private final List<String> lines = new ArrayList<>();
        private long commandNs;
        private long waitNs;
        private long enteredNs;
        private long awaitNs;
        private long awaitedNs;
        private long turnNs;

        synchronized void entered(String method, Long now) {
            switch (method) {
                case "take":
                    commandNs = now;
                    return;
                case "await":
                    awaitNs = now;
                    return;
                case "nextBatchTimeEntered":
                    begin(now);
                    break;
                case "waitTillTimeEntered":
                    waitNs = now;
                    break;
                default:
            }
            enteredNs = now;
            awaitedNs = 0;
        }

        private void begin(long now) {
            if (turnNs > 0) {
                lines.add("trigger " + turnNs);
            }
            turnNs = 0;
            if (commandNs != 0) {
                lines.add("wake " + (now - Math.max(commandNs, waitNs)));
                commandNs = 0;
            }
        }

        synchronized void left(String method, Long now) {
            if (method.equals("await")) {
                awaitedNs += now - awaitNs;
            } else if (!method.equals("take") && Thread.currentThread().getName().startsWith(STREAM_THREAD)) {
                turnNs += now - enteredNs - awaitedNs;
            }
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
