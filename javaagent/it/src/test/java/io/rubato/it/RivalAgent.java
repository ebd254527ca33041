package io.rubato.it;

import static net.bytebuddy.matcher.ElementMatchers.isDeclaredBy;
import static net.bytebuddy.matcher.ElementMatchers.named;
import static net.bytebuddy.matcher.ElementMatchers.namedOneOf;
import static net.bytebuddy.matcher.ElementMatchers.none;

import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.lang.instrument.UnmodifiableClassException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.agent.builder.AgentBuilder;
import net.bytebuddy.asm.Advice;
import net.bytebuddy.dynamic.scaffold.MethodGraph;

/**
 * Another agent in the driver, with a ByteBuddy of its own, on the methods that ours hooks; and the hand that harms ours
 * from within. It obeys the names of files in the folder that is its argument: each is renamed to {@code NAME.done}.
 */
public final class RivalAgent {
    /** While this system property is set, entries into our core throw. */
    public static final String OUT_OF_MEMORY = "rival.outOfMemory";
    /** How often a method of Spark's was entered, as the rival counts it. */
    public static final AtomicInteger ENTERED = new AtomicInteger();

    private static final AtomicInteger DENIED = new AtomicInteger();
    private static final String OURS = "io.rubato.agent.core.";
    private static final String[] SPARK = {"org.apache.spark.sql.execution.streaming.MicroBatchExecution",
        "org.apache.spark.sql.execution.streaming.ProcessingTimeExecutor"};

    private RivalAgent() {
    }

    public static void premain(String folder, Instrumentation instrumentation) {
        // As they stand, without their type hierarchy: our bridge has no resource to read it from.
        new AgentBuilder.Default(new ByteBuddy().with(MethodGraph.Compiler.ForDeclaredMethods.INSTANCE))
                .with(AgentBuilder.TypeStrategy.Default.DECORATE)
                .with(AgentBuilder.InitializationStrategy.NoOp.INSTANCE)
                .with(AgentBuilder.RedefinitionStrategy.RETRANSFORMATION).ignore(none())
                .with(AgentBuilder.Listener.StreamWriting.toSystemError().withErrorsOnly())
                .type(namedOneOf(SPARK))
                .transform((builder, type, loader, module, domain) -> builder.visit(Advice.to(Count.class)
                        .on(namedOneOf("runActivatedStream", "constructNextBatch", "nextBatchTime"))))
                .type(namedOneOf(OURS + "control.Runs", OURS + "control.Commander", OURS + "wire.MessageWriter"))
                .transform((builder, type, loader, module, domain) -> builder.visit(Advice.to(OutOfMemory.class)
                        .on(namedOneOf("runEntered", "triggerStarted", "triggerEnded", "event", "batchId", "take", "write")
                                .and(isDeclaredBy(type)))))
                .type(named(OURS + "control.Heartbeat"))
                .transform((builder, type, loader, module, domain) ->
                        builder.visit(Advice.to(OutOfMemory.class).on(named("beat"))))
                .installOn(instrumentation);
        Thread hand = new Thread(() -> obey(Paths.get(folder), instrumentation), "rival-agent");
        hand.setDaemon(true);
        hand.start();
    }

    /** Inlined into Spark's methods. */
    static final class Count {
        private Count() {
        }

        @Advice.OnMethodEnter
        static void enter() {
            ENTERED.incrementAndGet();
        }
    }

    /** Inlined into our core's methods. */
    static final class OutOfMemory {
        private OutOfMemory() {
        }

        @Advice.OnMethodEnter
        static void enter() {
            if (System.getProperty("rival.outOfMemory") != null) {
                throw new OutOfMemoryError("injected");
            }
        }
    }

    private static void obey(Path folder, Instrumentation instrumentation) {
        try {
            while (true) {
                List<Path> orders;
                try (Stream<Path> files = Files.list(folder)) {
                    orders = files.filter(file -> !file.toString().endsWith(".done")).collect(Collectors.toList());
                }
                for (Path order : orders) {
                    String answer = String.valueOf(obey(order.getFileName().toString(), instrumentation));
                    Files.write(order, answer.getBytes(StandardCharsets.UTF_8));
                    Files.move(order, order.resolveSibling(order.getFileName() + ".done"));
                }
                Thread.sleep(20);
            }
        } catch (IOException | InterruptedException | UnmodifiableClassException end) {
            // The JVM ends, or the test is over.
        }
    }

    /** Gives how often the advice has run, or, at the end of the denials, how many there were. */
    @SuppressWarnings({"deprecation", "removal"})
    private static int obey(String order, Instrumentation instrumentation) throws UnmodifiableClassException {
        switch (order.replaceAll("\\d", "")) {
            case "retransform":
                instrumentation.retransformClasses(Stream.of(instrumentation.getAllLoadedClasses())
                        .filter(type -> Arrays.asList(SPARK).contains(type.getName())).toArray(Class<?>[]::new));
                break;
            case "interrupt":
                threads("rubato-").forEach(Thread::interrupt);
                break;
            case "stop":
                threads("rubato-").forEach(Thread::stop);
                break;
            case "stop-producer":
                threads("kafka-producer-network-thread | rubato-").forEach(Thread::stop);
                break;
            case "memory-out":
                System.setProperty(OUT_OF_MEMORY, "now");
                break;
            case "memory-back":
                System.clearProperty(OUT_OF_MEMORY);
                break;
            case "deny":
                System.setSecurityManager(new DenyOurs());
                break;
            case "allow":
                System.setSecurityManager(null);
                return DENIED.get();
            default:
        }
        return ENTERED.get();
    }

    private static List<Thread> threads(String prefix) {
        return Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().startsWith(prefix))
                .collect(Collectors.toList());
    }

    /** Denies whatever our core asks for, through its Kafka clients too, and nobody else; not their own threads. */
    @SuppressWarnings("removal")
    private static final class DenyOurs extends SecurityManager {
        @Override
        public void checkPermission(java.security.Permission permission) {
            if (permission.getName().startsWith("rival.")) {
                return;
            }
            for (Class<?> caller : getClassContext()) {
                if (caller.getName().startsWith(OURS)) {
                    DENIED.incrementAndGet();
                    throw new SecurityException("denied: " + permission);
                }
            }
        }
    }
}
