package io.rubato.agent.core.instrument;

import io.rubato.agent.bridge.StreamHooks;
import net.bytebuddy.asm.Advice;

/** The code that is inlined into Spark's methods. It may name the bridge and the JDK, and nothing else. */
final class Advices {
    private Advices() {
    }

    static final class Run {
        @Advice.OnMethodEnter(suppress = Throwable.class)
        static void enter(@Advice.This Object execution) {
            StreamHooks.runEntered(execution);
        }

        @Advice.OnMethodExit(onThrowable = Throwable.class, suppress = Throwable.class)
        static void exit(@Advice.This Object execution) {
            StreamHooks.runExited(execution);
        }
    }

    static final class Construct {
        @Advice.OnMethodEnter(suppress = Throwable.class)
        static void enter(@Advice.This Object execution) {
            StreamHooks.constructEntered(execution);
        }

        @Advice.OnMethodExit(suppress = Throwable.class)
        static void exit(@Advice.Return boolean constructed) {
            StreamHooks.batchConstructed(constructed);
        }
    }

    static final class BatchEnd {
        @Advice.OnMethodExit(suppress = Throwable.class)
        static void exit(@Advice.This Object execution, @Advice.AllArguments Object[] arguments) {
            StreamHooks.batchEnded(execution, arguments);
        }
    }

    static final class NextBatchTime {
        @Advice.OnMethodEnter(skipOn = Advice.OnNonDefaultValue.class, suppress = Throwable.class)
        static long enter(@Advice.Argument(0) long now) {
            return StreamHooks.nextBatchTimeEntered(now);
        }

        @Advice.OnMethodExit(suppress = Throwable.class)
        static void exit(@Advice.Enter long entered, @Advice.Return(readOnly = false) long next) {
            next = StreamHooks.nextBatchTimeExited(entered, next);
        }
    }

    static final class Interval {
        @Advice.OnMethodExit(suppress = Throwable.class)
        static void exit(@Advice.Return(readOnly = false) long interval) {
            interval = StreamHooks.intervalRead(interval);
        }
    }

    static final class FallingBehind {
        @Advice.OnMethodEnter(skipOn = Advice.OnNonDefaultValue.class, suppress = Throwable.class)
        static boolean enter(@Advice.Argument(0) long elapsedMs) {
            return StreamHooks.fallingBehindEntered(elapsedMs);
        }
    }

    static final class Wait {
        @Advice.OnMethodEnter(skipOn = Advice.OnNonDefaultValue.class, suppress = Throwable.class)
        static long enter(@Advice.Argument(0) long target) {
            return StreamHooks.waitTillTimeEntered(target);
        }

        @Advice.OnMethodExit(suppress = Throwable.class)
        static void exit(@Advice.Enter long entered, @Advice.Return(readOnly = false) long woken) {
            if (entered != 0) {
                woken = entered;
            }
        }
    }

    static final class Event {
        @Advice.OnMethodEnter(suppress = Throwable.class)
        static void enter(@Advice.Argument(0) Object event) {
            StreamHooks.eventPosted(event);
        }
    }
}
