package io.rubato.it;

import java.lang.instrument.ClassFileTransformer;
import java.security.ProtectionDomain;
import java.util.function.LongSupplier;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.asm.Advice;
import net.bytebuddy.description.type.TypeDescription;
import net.bytebuddy.dynamic.ClassFileLocator;
import net.bytebuddy.dynamic.scaffold.TypeValidation;
import net.bytebuddy.matcher.ElementMatchers;
import net.bytebuddy.pool.TypePool;

/** What an agent must not be: a hook in the accessor of the interval alone, by one name of its class. */
public final class NaiveHook implements ClassFileTransformer {
    private static volatile LongSupplier interval = () -> 1;

    private final String name;

    NaiveHook(String className) {
        name = className.replace('.', '/');
    }

    static void says(LongSupplier intervalMs) {
        interval = intervalMs;
    }

    public static long interval() {
        return interval.getAsLong();
    }

    @Override
    public byte[] transform(ClassLoader loader, String internalName, Class<?> redefined, ProtectionDomain domain, byte[] bytes) {
        if (!internalName.equals(name)) {
            return null;
        }
        String className = internalName.replace('/', '.');
        ClassFileLocator locator = new ClassFileLocator.Compound(ClassFileLocator.Simple.of(className, bytes),
                ClassFileLocator.ForClassLoader.of(loader));
        TypeDescription type = TypePool.Default.of(locator).describe(className).resolve();
        return new ByteBuddy().with(TypeValidation.DISABLED).decorate(type, locator)
                .visit(Advice.to(Accessor.class).on(ElementMatchers.named("intervalMs")))
                .make().getBytes();
    }

    /** The advice. */
    static final class Accessor {
        private Accessor() {
        }

        @Advice.OnMethodExit
        static void exit(@Advice.Return(readOnly = false) long value) {
            value = NaiveHook.interval();
        }
    }
}
