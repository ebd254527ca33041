package io.rubato.agent.premain;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.jar.JarFile;

/**
 * Loads the core from the jar inside the agent's own, where no other loader looks. It sees the JDK and the bridge; it does
 * not see Spark, nor Spark it. Its resources have no address: they can be read as streams alone.
 */
public final class IsolatedLoader extends ClassLoader {
    private final InnerJar jar;

    static {
        registerAsParallelCapable();
    }

    public IsolatedLoader(JarFile agent) throws IOException {
        // The platform loader, or the extension loader in Java 8.
        super(ClassLoader.getSystemClassLoader().getParent());
        this.jar = new InnerJar(agent);
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        try {
            byte[] bytes = jar.read(name.replace('.', '/') + ".class");
            if (bytes != null) {
                // With the agent's own domain: under a security manager the core may do what the agent's jar may.
                return defineClass(name, bytes, 0, bytes.length, IsolatedLoader.class.getProtectionDomain());
            }
        } catch (IOException unreadable) {
            throw new ClassNotFoundException(name, unreadable);
        }
        throw new ClassNotFoundException(name);
    }

    @Override
    public InputStream getResourceAsStream(String name) {
        try {
            byte[] bytes = jar.read(name);
            return bytes == null ? super.getResourceAsStream(name) : new ByteArrayInputStream(bytes);
        } catch (IOException unreadable) {
            return null;
        }
    }
}
