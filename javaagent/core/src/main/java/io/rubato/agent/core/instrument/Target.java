package io.rubato.agent.core.instrument;

import static net.bytebuddy.matcher.ElementMatchers.isStatic;
import static net.bytebuddy.matcher.ElementMatchers.named;
import static net.bytebuddy.matcher.ElementMatchers.not;
import static net.bytebuddy.matcher.ElementMatchers.returns;
import static net.bytebuddy.matcher.ElementMatchers.takesArguments;

import io.rubato.agent.bridge.Hook;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import net.bytebuddy.description.method.MethodDescription;
import net.bytebuddy.matcher.ElementMatcher;

/** Spark's classes that carry hooks, under the names of 3.3 to 4.3. */
enum Target {
    EXECUTION(
            names("org/apache/spark/sql/execution/streaming/MicroBatchExecution",
                    "org/apache/spark/sql/execution/streaming/runtime/MicroBatchExecution"),
            new Entry(Hook.RUN, Advices.Run.class, named(Hook.RUN.method).and(takesArguments(1)).and(returns(void.class))),
            new Entry(Hook.CONSTRUCT, Advices.Construct.class,
                    named(Hook.CONSTRUCT.method).and(returns(boolean.class))),
            new Entry(Hook.BATCH_END, Advices.BatchEnd.class, named(Hook.BATCH_END.method).and(returns(void.class)))),
    EXECUTOR(
            names("org/apache/spark/sql/execution/streaming/ProcessingTimeExecutor",
                    "org/apache/spark/sql/execution/streaming/runtime/ProcessingTimeExecutor"),
            new Entry(Hook.NEXT_BATCH_TIME, Advices.NextBatchTime.class,
                    named(Hook.NEXT_BATCH_TIME.method).and(takesArguments(long.class)).and(returns(long.class))),
            new Entry(Hook.INTERVAL, Advices.Interval.class,
                    named(Hook.INTERVAL.method).and(takesArguments(0)).and(returns(long.class))),
            new Entry(Hook.FALLING_BEHIND, Advices.FallingBehind.class,
                    named(Hook.FALLING_BEHIND.method).and(takesArguments(long.class)).and(returns(void.class)))),
    MANAGER(
            names("org/apache/spark/sql/streaming/StreamingQueryManager",
                    "org/apache/spark/sql/classic/StreamingQueryManager"),
            new Entry(Hook.EVENT, Advices.Event.class,
                    named(Hook.EVENT.method).and(takesArguments(1)).and(returns(void.class)))),
    CLOCK(
            names("org/apache/spark/util/SystemClock"),
            new Entry(Hook.WAIT, Advices.Wait.class,
                    named(Hook.WAIT.method).and(takesArguments(long.class)).and(returns(long.class))));

    /** One hook of a class. */
    static final class Entry {
        final Hook hook;
        final Class<?> advice;
        final ElementMatcher.Junction<MethodDescription> method;

        Entry(Hook hook, Class<?> advice, ElementMatcher.Junction<MethodDescription> method) {
            this.hook = hook;
            this.advice = advice;
            this.method = method.and(not(isStatic()));
        }
    }

    final List<String> internalNames;
    final List<Entry> entries;

    Target(List<String> internalNames, Entry... entries) {
        this.internalNames = internalNames;
        this.entries = Collections.unmodifiableList(Arrays.asList(entries));
    }

    private static List<String> names(String... names) {
        return Collections.unmodifiableList(Arrays.asList(names));
    }

    String simpleName() {
        String first = internalNames.get(0);
        return first.substring(first.lastIndexOf('/') + 1);
    }

    /** The target of this internal name, or null. */
    static Target of(String internalName) {
        for (Target target : values()) {
            if (target.internalNames.contains(internalName)) {
                return target;
            }
        }
        return null;
    }
}
