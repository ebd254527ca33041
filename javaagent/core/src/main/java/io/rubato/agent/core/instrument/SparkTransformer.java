package io.rubato.agent.core.instrument;

import io.rubato.agent.bridge.StreamHooks;
import io.rubato.agent.core.AgentLog;
import java.io.IOException;
import java.lang.instrument.ClassFileTransformer;
import java.security.ProtectionDomain;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.asm.Advice;
import net.bytebuddy.description.method.MethodDescription;
import net.bytebuddy.description.type.TypeDescription;
import net.bytebuddy.dynamic.ClassFileLocator;
import net.bytebuddy.dynamic.DynamicType;
import net.bytebuddy.dynamic.scaffold.MethodGraph;
import net.bytebuddy.dynamic.scaffold.TypeValidation;
import net.bytebuddy.implementation.bytecode.member.MethodInvocation;
import net.bytebuddy.pool.TypePool;

/** Decorates the bytes of Spark's classes. It is called for the names in {@link Target} alone. */
public final class SparkTransformer implements ClassFileTransformer {
    private static final String ENGINE = "org/apache/spark/SparkContext.class";

    /** Looks at the class alone: its supertypes would take time, and other agents add some that are on no path. */
    private final ByteBuddy byteBuddy = new ByteBuddy().with(TypeValidation.DISABLED)
            .with(MethodGraph.Compiler.ForDeclaredMethods.INSTANCE);
    private final ClassFileLocator adviceLocator =
            ClassFileLocator.ForClassLoader.of(SparkTransformer.class.getClassLoader());
    private final Advice.ExceptionHandler countErrors;
    private final Map<String, Rehearsal> rehearsals = new ConcurrentHashMap<>();
    /** By loader and class name, what came of each class that was met: whether it carries the hooks. */
    private final Map<ClassLoader, Map<String, Boolean>> met = new WeakHashMap<>();

    /** A transformation that was done ahead of the class's loading. */
    private static final class Rehearsal {
        final byte[] before;
        final byte[] after;

        Rehearsal(byte[] before, byte[] after) {
            this.before = before;
            this.after = after;
        }
    }

    public SparkTransformer() throws NoSuchMethodException {
        MethodDescription handler = new MethodDescription.ForLoadedMethod(
                StreamHooks.class.getMethod("adviceError", Throwable.class));
        countErrors = new Advice.ExceptionHandler.Simple(MethodInvocation.invoke(handler.asDefined()));
    }

    /**
     * Transforms the classes as they stand on the loader's path, without loading them: this warms everything up, and the
     * result is ready when the class comes with the same bytes.
     */
    public void rehearse(ClassLoader loader) {
        ClassFileLocator locator = ClassFileLocator.ForClassLoader.of(loader);
        for (Target target : Target.values()) {
            boolean there = false;
            for (String internalName : target.internalNames) {
                there |= rehearse(target, internalName, loader, locator);
            }
            // A Connect client has a session class, and no engine at all.
            if (!there && loader.getResource(ENGINE) != null) {
                AgentLog.warnOnce("no " + target, "this Spark has no class " + target.simpleName() + " where the agent "
                        + "looks for it: queries are left alone");
            }
        }
    }

    /** Whether there is such a class. */
    private boolean rehearse(Target target, String internalName, ClassLoader loader, ClassFileLocator locator) {
        try {
            ClassFileLocator.Resolution found = locator.locate(internalName.replace('/', '.'));
            if (!found.isResolved()) {
                return false;
            }
            byte[] before = found.resolve();
            byte[] after = decorate(target, internalName, loader, before, true);
            if (after != null) {
                rehearsals.put(internalName, new Rehearsal(before, after));
            }
        } catch (IOException | RuntimeException | LinkageError later) {
            AgentLog.debug("cannot rehearse " + internalName + ": " + later);
        }
        return true;
    }

    @Override
    public byte[] transform(ClassLoader loader, String internalName, Class<?> redefined, ProtectionDomain domain,
            byte[] bytes) {
        Target target = Target.of(internalName);
        if (target == null) {
            return null;
        }
        try {
            Rehearsal rehearsal = rehearsals.remove(internalName);
            byte[] after = rehearsal != null && Arrays.equals(rehearsal.before, bytes) ? rehearsal.after
                    : decorate(target, internalName, loader, bytes, false);
            if (after == null) {
                pass(target, loader, internalName);
            } else {
                activate(target, loader, internalName, bytes);
                meet(loader, internalName, true);
            }
            return after;
        } catch (Throwable error) {
            pass(target, loader, internalName);
            AgentLog.warnOnce("transform " + internalName, internalName.replace('/', '.')
                    + " cannot be instrumented (" + error + "): queries are left alone");
            return null;
        }
    }

    private byte[] decorate(Target target, String internalName, ClassLoader loader, byte[] bytes, boolean quiet) {
        String name = internalName.replace('/', '.');
        ClassFileLocator locator = locator(loader, name, bytes);
        TypeDescription type = describe(locator, name);
        DynamicType.Builder<?> builder = byteBuddy.decorate(type, locator);
        for (Target.Entry entry : target.entries) {
            if (!type.getDeclaredMethods().filter(entry.method).isEmpty()) {
                Advice advice = Advice.to(entry.advice, adviceLocator).withExceptionHandler(countErrors);
                builder = builder.visit(advice.on(entry.method));
            } else if (entry.hook.required) {
                // From 4.0 the manager's old name is an abstract API class: not the one that is meant.
                if (!quiet && !type.isAbstract()) {
                    AgentLog.warnOnce("missing " + name, name + "." + entry.hook.method
                            + " is not as expected in this Spark: queries are left alone");
                }
                return null;
            }
        }
        return builder.make().getBytes();
    }

    private static void activate(Target target, ClassLoader loader, String internalName, byte[] bytes) {
        String name = internalName.replace('/', '.');
        TypeDescription type = describe(locator(loader, name, bytes), name);
        for (Target.Entry entry : target.entries) {
            if (!type.getDeclaredMethods().filter(entry.method).isEmpty()) {
                entry.hook.activated();
            }
        }
    }

    private static ClassFileLocator locator(ClassLoader loader, String name, byte[] bytes) {
        return new ClassFileLocator.Compound(ClassFileLocator.Simple.of(name, bytes),
                ClassFileLocator.ForClassLoader.of(loader));
    }

    private static TypeDescription describe(ClassFileLocator locator, String name) {
        return new TypePool.Default(new TypePool.CacheProvider.Simple(), locator, TypePool.Default.ReaderMode.FAST)
                .describe(name).resolve();
    }

    /** The JVM did not take this class's new bytes. */
    public void refused(Class<?> type) {
        String name = type.getName().replace('.', '/');
        pass(Target.of(name), type.getClassLoader(), name);
    }

    /** A class is left without hooks. One that had them, until it was transformed anew, has them no longer. */
    private void pass(Target target, ClassLoader loader, String internalName) {
        if (meet(loader, internalName, false)) {
            for (Target.Entry entry : target.entries) {
                entry.hook.deactivated();
            }
        }
    }

    /** Whether the class carried the hooks when it was met before. */
    private boolean meet(ClassLoader loader, String internalName, boolean hooked) {
        synchronized (met) {
            return Boolean.TRUE.equals(met.computeIfAbsent(loader, l -> new HashMap<>()).put(internalName, hooked));
        }
    }

    /** Of these loaded classes, those that ought to carry hooks and were not met yet. */
    public List<Class<?>> unmet(Class<?>[] loaded) {
        return targets(loaded, null);
    }

    /** Of these loaded classes, those that carry hooks. */
    public List<Class<?>> hooked(Class<?>[] loaded) {
        return targets(loaded, Boolean.TRUE);
    }

    private List<Class<?>> targets(Class<?>[] loaded, Boolean outcome) {
        List<Class<?>> found = new ArrayList<>();
        for (Class<?> candidate : loaded) {
            if (candidate.getName().startsWith("org.apache.spark.")) {
                String name = candidate.getName().replace('.', '/');
                if (Target.of(name) != null && Objects.equals(outcomeOf(candidate.getClassLoader(), name), outcome)) {
                    found.add(candidate);
                }
            }
        }
        return found;
    }

    /** True, false, or null where the class was not met. */
    private Boolean outcomeOf(ClassLoader loader, String internalName) {
        synchronized (met) {
            Map<String, Boolean> names = met.get(loader);
            return names == null ? null : names.get(internalName);
        }
    }

    /** Whether this is, or extends, a class whose runs are followed. */
    public static boolean isExecution(Class<?> type) {
        for (Class<?> at = type; at != null; at = at.getSuperclass()) {
            if (Target.EXECUTION.internalNames.contains(at.getName().replace('.', '/'))) {
                return true;
            }
        }
        return false;
    }
}
