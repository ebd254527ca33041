package io.rubato.it;

import java.io.File;
import java.io.IOException;
import java.lang.instrument.ClassFileTransformer;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Spark's own trigger loop, from its class files, in this JVM, under the hooks of one agent or another. */
final class TriggerLoop {
    private final Object executor;

    /**
     * @param clock Spark's own {@code SystemClock} where null, otherwise what to tell of each wait, which is then left out
     */
    TriggerLoop(Hooked spark, long configuredMs, Waits clock) throws ReflectiveOperationException {
        Class<?> clockType = spark.loadClass("org.apache.spark.util.Clock");
        Object trigger = spark.loadClass(Hooked.TRIGGER).getConstructor(long.class).newInstance(configuredMs);
        Object time = clock == null ? spark.loadClass("org.apache.spark.util.SystemClock").getConstructor().newInstance()
                : Proxy.newProxyInstance(spark, new Class<?>[] {clockType}, (proxy, method, arguments) -> {
                    if (method.getName().equals("waitTillTime")) {
                        clock.until((Long) arguments[0]);
                    }
                    return clock.nowMs();
                });
        executor = spark.loadClass(spark.executor).getConstructor(trigger.getClass(), clockType).newInstance(trigger, time);
    }

    /** A clock that is set by hand. */
    interface Waits {
        long nowMs();

        void until(long targetMs);
    }

    long nextBatchTime(long nowMs) throws Throwable {
        return (Long) call(method("nextBatchTime"), nowMs);
    }

    /** Runs the loop until a batch gives false. */
    void execute(BooleanSupplier batch) throws Throwable {
        Method execute = method("execute");
        Class<?> function = execute.getParameterTypes()[0];
        call(execute, Proxy.newProxyInstance(function.getClassLoader(), new Class<?>[] {function},
                (proxy, method, arguments) -> batch.getAsBoolean()));
    }

    private Method method(String name) throws NoSuchMethodException {
        for (Method method : executor.getClass().getMethods()) {
            if (method.getName().equals(name) && method.getParameterCount() == 1) {
                return method;
            }
        }
        throw new NoSuchMethodException(name);
    }

    private Object call(Method method, Object argument) throws Throwable {
        try {
            return method.invoke(executor, argument);
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }

    /** A Spark's classes in a loader of their own, each shown to the hooks as it comes. */
    static final class Hooked extends URLClassLoader {
        static final String TRIGGER = "org.apache.spark.sql.execution.streaming.ProcessingTimeTrigger";

        final String executor;
        /** The classes that the hooks changed. */
        final List<String> changed = new ArrayList<>();
        private final ClassFileTransformer hooks;

        Hooked(Spark spark, ClassFileTransformer hooks) throws IOException {
            super(urls(spark), ClassLoader.getPlatformClassLoader());
            this.hooks = hooks;
            executor = executorOf(spark);
        }

        static String executorOf(Spark spark) {
            return "org.apache.spark.sql.execution.streaming." + (spark.isAtLeast(4, 1) ? "runtime." : "")
                    + "ProcessingTimeExecutor";
        }

        private static URL[] urls(Spark spark) throws IOException {
            List<URL> urls = new ArrayList<>();
            for (File jar : spark.jars()) {
                urls.add(jar.toURI().toURL());
            }
            return urls.toArray(URL[]::new);
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            if (name.startsWith("io.rubato.")) {
                return TriggerLoop.class.getClassLoader().loadClass(name);
            }
            if (!name.startsWith("org.apache.spark.")) {
                return super.findClass(name);
            }
            byte[] after;
            try (var in = getResourceAsStream(name.replace('.', '/') + ".class")) {
                byte[] before = in == null ? null : in.readAllBytes();
                after = before == null ? null : hooks.transform(this, name.replace('.', '/'), null, null, before);
            } catch (Exception failed) {
                throw new ClassNotFoundException(name, failed);
            }
            if (after == null) {
                return super.findClass(name);
            }
            changed.add(name);
            return defineClass(name, after, 0, after.length);
        }
    }
}
