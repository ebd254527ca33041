package io.rubato.agent.premain;

import java.io.File;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.jar.JarFile;

/** Brings the core to life on a daemon thread, once. */
final class WarmUp implements Gate.Core, Runnable {
    private static final long PATIENCE_SECONDS = 15;
    private static final String CORE = "io.rubato.agent.core.Core";

    private final String argument;
    private final Instrumentation instrumentation;
    private final AtomicBoolean begun = new AtomicBoolean();
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile ClassFileTransformer transformer;
    private volatile ClassLoader sparkLoader;

    WarmUp(String argument, Instrumentation instrumentation) {
        this.argument = argument;
        this.instrumentation = instrumentation;
    }

    @Override
    public void begin(ClassLoader loader) {
        if (begun.compareAndSet(false, true)) {
            sparkLoader = loader;
            Thread thread = new Thread(this, "rubato-warm-up");
            thread.setDaemon(true);
            thread.start();
        }
    }

    @Override
    public ClassFileTransformer ready() {
        return transformer;
    }

    @Override
    public ClassFileTransformer await() {
        try {
            if (!done.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("rubato-agent: the warm-up takes too long: queries are left alone");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        return transformer;
    }

    @Override
    public void run() {
        Class<?> core = null;
        try {
            File file = new File(Agent.class.getProtectionDomain().getCodeSource().getLocation().toURI());
            JarFile jar = new JarFile(file, false);
            Bridge.define(jar, instrumentation);
            IsolatedLoader loader = new IsolatedLoader(file, jar);
            Thread.currentThread().setContextClassLoader(loader);
            core = Class.forName(CORE, true, loader);
            transformer = (ClassFileTransformer) core
                    .getMethod("start", String.class, String.class, Instrumentation.class, ClassLoader.class)
                    .invoke(null, argument, version(jar), instrumentation, sparkLoader);
        } catch (Throwable error) {
            System.err.println("rubato-agent: not started, queries are left alone: " + cause(error));
        } finally {
            done.countDown();
        }
        try {
            if (transformer != null) {
                core.getMethod("retransform", Instrumentation.class).invoke(null, instrumentation);
            }
        } catch (Throwable error) {
            System.err.println("rubato-agent: loaded classes passed by: " + cause(error));
        }
    }

    private static String version(JarFile jar) throws java.io.IOException {
        return jar.getManifest().getMainAttributes().getValue("Implementation-Version");
    }

    private static Throwable cause(Throwable error) {
        return error.getCause() == null ? error : error.getCause();
    }
}
