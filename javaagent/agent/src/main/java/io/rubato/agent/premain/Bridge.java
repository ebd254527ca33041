package io.rubato.agent.premain;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.instrument.Instrumentation;
import java.lang.reflect.Method;
import java.security.ProtectionDomain;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;

/**
 * Defines the bridge's classes in the bootstrap loader.
 *
 * <p>They are defined one by one, by the JDK's own means, because lengthening the bootstrap path of a running JVM turns
 * class-data sharing off and makes it say so. Where that is not to be had, the path is lengthened after all.
 */
final class Bridge {
    /** Supertypes before their subtypes. */
    static final String[] CLASSES = {
        "Clock", "Observer", "SystemClocks", "Command", "Hook", "Outcome", "Arithmetic", "RunIdentity", "RunTally",
        "RunThread", "RunState", "StreamHooks",
    };
    static final String PATH = "io/rubato/agent/bridge/";

    private Bridge() {
    }

    static void define(JarFile jar, Instrumentation instrumentation) throws IOException {
        try {
            Object unsafe = unsafe(instrumentation);
            Method define = unsafe.getClass().getMethod("defineClass", String.class, byte[].class, int.class, int.class,
                    ClassLoader.class, ProtectionDomain.class);
            for (String simpleName : CLASSES) {
                byte[] bytes = read(jar, PATH + simpleName + ".class");
                define.invoke(unsafe, PATH + simpleName, bytes, 0, bytes.length, null, null);
            }
        } catch (ReflectiveOperationException | RuntimeException unsupported) {
            instrumentation.appendToBootstrapClassLoaderSearch(jar);
        }
    }

    /** {@code jdk.internal.misc.Unsafe} from Java 9, {@code sun.misc.Unsafe} in Java 8. */
    private static Object unsafe(Instrumentation instrumentation) throws ReflectiveOperationException {
        if (System.getProperty("java.specification.version").startsWith("1.")) {
            java.lang.reflect.Field field = Class.forName("sun.misc.Unsafe").getDeclaredField("theUnsafe");
            field.setAccessible(true);
            return field.get(null);
        }
        Class<?> module = Class.forName("java.lang.Module");
        Method moduleOf = Class.class.getMethod("getModule");
        Map<String, Set<Object>> export = Collections.singletonMap("jdk.internal.misc",
                Collections.singleton(moduleOf.invoke(Bridge.class)));
        Instrumentation.class.getMethod("redefineModule", module, Set.class, Map.class, Map.class, Set.class, Map.class)
                .invoke(instrumentation, moduleOf.invoke(Object.class), Collections.emptySet(), export,
                        Collections.emptyMap(), Collections.emptySet(), Collections.emptyMap());
        return Class.forName("jdk.internal.misc.Unsafe").getMethod("getUnsafe").invoke(null);
    }

    static byte[] read(JarFile jar, String name) throws IOException {
        ZipEntry entry = jar.getEntry(name);
        if (entry == null) {
            return null;
        }
        byte[] bytes = new byte[(int) entry.getSize()];
        try (InputStream in = jar.getInputStream(entry)) {
            new DataInputStream(in).readFully(bytes);
        }
        return bytes;
    }
}
