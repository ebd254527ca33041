package io.rubato.agent.premain;

import java.io.File;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.jar.JarFile;

/** Brings the core to life on a daemon thread, once, and ends it. */
final class WarmUp implements Gate.Core, Runnable {
    private static final long PATIENCE_MS = 15_000;
    private static final long HELD_LOOK_MS = 10;
    private static final String CORE = "io.rubato.agent.core.Core";
    /** When to look again, after the first look, for what was missed while it was just starting. */
    private static final long[] LOOK_AGAIN_MS = {1_000, 9_000};

    /** Makes the core, on the warm-up thread. */
    interface Maker {
        /** @param sparkLoader null where streams may be running */
        ClassFileTransformer make(ClassLoader sparkLoader) throws Exception;
    }

    /** The core's classes, for the life of the JVM: an agent that comes after a detachment uses them again. */
    private static Class<?> coreClass;
    private static String version;

    final Gate gate = new Gate(this);
    private final Instrumentation instrumentation;
    private final long patienceMs;
    private final Maker maker;
    /** When it began, on the monotonic clock; null before. */
    private final AtomicReference<Long> begunNs = new AtomicReference<>();
    private final AtomicBoolean lateSaid = new AtomicBoolean();
    private final CountDownLatch done = new CountDownLatch(1);
    private final CountDownLatch settled = new CountDownLatch(1);
    private final CountDownLatch leaving = new CountDownLatch(1);
    private final CountDownLatch left = new CountDownLatch(1);
    private volatile ClassFileTransformer core;
    private volatile ClassLoader sparkLoader;
    private volatile boolean live;
    private volatile String held = "";
    /** Why the queries have not been given back yet; null where nothing failed. */
    private volatile Throwable failure;

    WarmUp(String argument, Instrumentation instrumentation) {
        this(instrumentation, PATIENCE_MS, sparkLoader -> start(argument, instrumentation, sparkLoader));
    }

    WarmUp(Instrumentation instrumentation, long patienceMs, Maker maker) {
        this.instrumentation = instrumentation;
        this.patienceMs = patienceMs;
        this.maker = maker;
    }

    @Override
    public void begin(ClassLoader loader) {
        if (begunNs.compareAndSet(null, System.nanoTime())) {
            sparkLoader = loader;
            try {
                daemon("rubato-warm-up", this);
            } catch (Throwable refused) {
                nothingComes();
                throw refused;
            }
        }
    }

    private void nothingComes() {
        done.countDown();
        settled.countDown();
    }

    private static void daemon(String name, Runnable body) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public ClassFileTransformer ready() {
        return core;
    }

    /** However many classes come meanwhile, they are held no longer in all than one that comes first. */
    @Override
    public ClassFileTransformer await() {
        try {
            long leftNs = TimeUnit.MILLISECONDS.toNanos(patienceMs) - (System.nanoTime() - begunNs.get());
            if (!done.await(leftNs, TimeUnit.NANOSECONDS) && lateSaid.compareAndSet(false, true)) {
                System.err.println("rubato-agent: the warm-up takes too long: queries are left alone");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        return core;
    }

    /** Begins in a JVM whose streams may be running, and waits; null where it fails. What takes longer stays, and goes on. */
    String settleLive(ClassLoader loader) throws InterruptedException {
        live = true;
        try {
            begin(loader);
        } catch (Throwable refused) {
            takeBack();
            throw refused;
        }
        boolean over = settled.await(patienceMs, TimeUnit.MILLISECONDS);
        if (core == null) {
            if (!over) {
                return "still warming up: the hooks come when that is over";
            }
            takeBack();
            return null;
        }
        try {
            return (String) tell("report");
        } catch (ReflectiveOperationException error) {
            return cause(error).toString();
        }
    }

    /** Of what has hooked nothing yet. */
    private void takeBack() {
        instrumentation.removeTransformer(gate);
        Agent.uninstalled();
    }

    @Override
    public void run() {
        try {
            core = maker.make(live ? null : sparkLoader);
        } catch (Throwable error) {
            System.err.println("rubato-agent: not started, queries are left alone: " + cause(error));
        } finally {
            done.countDown();
        }
        if (core != null) {
            settle();
        }
        settled.countDown();
        try {
            for (long after : LOOK_AGAIN_MS) {
                if (core == null || leaving.await(after, TimeUnit.MILLISECONDS)) {
                    return;
                }
                settle();
            }
        } catch (InterruptedException enough) {
            // The heartbeat goes on looking.
        }
    }

    private synchronized void settle() {
        try {
            if (leaving.getCount() > 0) {
                tell("settle");
            }
        } catch (Throwable error) {
            System.err.println("rubato-agent: loaded classes passed by: " + cause(error));
        }
    }

    /**
     * Gives every query its own interval back, and takes the hooks out as soon as no loop holds a target of ours.
     *
     * @return what is done, and what is waited for behind this call's back
     */
    String detach() throws InterruptedException {
        synchronized (this) {
            if (leaving.getCount() > 0) {
                daemon("rubato-detach", this::leave);
                leaving.countDown();
            }
        }
        if (left.await(patienceMs, TimeUnit.MILLISECONDS)) {
            return "detached: every query has its own interval, Spark's classes are as they were";
        }
        if (core == null) {
            return "still warming up: the agent leaves when that is over";
        }
        Throwable why = failure;
        if (why != null) {
            throw new IllegalStateException("not detached, intervals are given back when their leases end: " + cause(why));
        }
        return "every query has its own interval; the hooks leave when the batch in progress has ended of " + held;
    }

    private void leave() {
        if (begunNs.compareAndSet(null, System.nanoTime())) {
            // A class that is just loading would begin it.
            nothingComes();
        }
        while (!released()) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(HELD_LOOK_MS));
        }
        synchronized (this) {
            instrumentation.removeTransformer(gate);
            try {
                if (core != null) {
                    tell("end");
                }
            } catch (Throwable error) {
                System.err.println("rubato-agent: not wholly detached: " + cause(error));
            }
        }
        Agent.uninstalled();
        left.countDown();
    }

    /**
     * Whether no loop holds a target of ours: hooks that were taken out earlier would leave it to one that nothing can wake.
     * However long it takes: nor could a core that came later be taken out again.
     */
    private boolean released() {
        try {
            done.await();
            held = core == null ? "" : (String) tell("release");
            failure = null;
            return held.isEmpty();
        } catch (Throwable error) {
            if (failure == null) {
                System.err.println("rubato-agent: not detached, intervals are given back when their leases end: " + cause(error));
            }
            failure = error;
            return false;
        }
    }

    private Object tell(String method) throws ReflectiveOperationException {
        return core.getClass().getMethod(method).invoke(core);
    }

    private static ClassFileTransformer start(String argument, Instrumentation instrumentation, ClassLoader sparkLoader)
            throws Exception {
        Class<?> type = coreClass(instrumentation);
        Thread.currentThread().setContextClassLoader(type.getClassLoader());
        return (ClassFileTransformer) type
                .getMethod("start", String.class, String.class, Instrumentation.class, ClassLoader.class)
                .invoke(null, argument, version, instrumentation, sparkLoader);
    }

    private static synchronized Class<?> coreClass(Instrumentation instrumentation) throws Exception {
        if (coreClass == null) {
            File file = new File(Agent.class.getProtectionDomain().getCodeSource().getLocation().toURI());
            JarFile jar = new JarFile(file, false);
            Bridge.define(jar, instrumentation);
            version = jar.getManifest().getMainAttributes().getValue("Implementation-Version");
            coreClass = Class.forName(CORE, true, new IsolatedLoader(jar));
        }
        return coreClass;
    }

    private static Throwable cause(Throwable error) {
        return error.getCause() == null ? error : error.getCause();
    }
}
