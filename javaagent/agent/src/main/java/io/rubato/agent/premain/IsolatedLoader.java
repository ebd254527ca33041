package io.rubato.agent.premain;

import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URL;
import java.util.jar.JarFile;

/**
 * Loads the core from the agent's own jar, where its classes are kept under a name that no other loader looks for. It
 * sees the JDK and the bridge; it does not see Spark, nor Spark it.
 */
public final class IsolatedLoader extends ClassLoader {
    private static final String FOLDER = "inst/";

    private final JarFile jar;
    private final String base;

    static {
        registerAsParallelCapable();
    }

    public IsolatedLoader(File file, JarFile jar) {
        // The platform loader, or the extension loader in Java 8.
        super(ClassLoader.getSystemClassLoader().getParent());
        this.jar = jar;
        this.base = "jar:" + file.toURI() + "!/";
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        try {
            byte[] bytes = Bridge.read(jar, entry(name.replace('.', '/') + ".class"));
            if (bytes != null) {
                // With the jar's own domain: under a security manager the core may do what the jar may.
                return defineClass(name, bytes, 0, bytes.length, IsolatedLoader.class.getProtectionDomain());
            }
        } catch (IOException unreadable) {
            throw new ClassNotFoundException(name, unreadable);
        }
        throw new ClassNotFoundException(name);
    }

    @Override
    protected URL findResource(String name) {
        try {
            return jar.getEntry(entry(name)) == null ? null : new URL(base + entry(name));
        } catch (MalformedURLException impossible) {
            return null;
        }
    }

    @Override
    public InputStream getResourceAsStream(String name) {
        try {
            byte[] bytes = Bridge.read(jar, entry(name));
            return bytes == null ? super.getResourceAsStream(name) : new ByteArrayInputStream(bytes);
        } catch (IOException unreadable) {
            return null;
        }
    }

    private static String entry(String resource) {
        return FOLDER + (resource.endsWith(".class")
                ? resource.substring(0, resource.length() - ".class".length()) + ".classdata" : resource);
    }
}
