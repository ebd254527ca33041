package io.rubato.agent.attach;

import io.rubato.agent.premain.LiveCommand;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Properties;

/** Another JVM on this machine, by its process id. */
final class TargetVm {
    private static final String API = "com.sun.tools.attach.VirtualMachine";
    private static final String DISABLED = "-XX:+DisableAttachMechanism";

    private final String pid;

    TargetVm(String pid) {
        this.pid = pid;
    }

    /** Loads the agent with this argument, and gives its answer. */
    String load(File jar, String argument) throws Refused {
        Class<?> api = api();
        requireJvm();
        try {
            Object vm = call(api, null, "attach", pid);
            try {
                loadAgent(api, vm, jar, argument);
                return answer((Properties) api.getMethod("getSystemProperties").invoke(vm));
            } finally {
                api.getMethod("detach").invoke(vm);
            }
        } catch (InvocationTargetException thrown) {
            throw refusal(thrown.getCause());
        } catch (ReflectiveOperationException unknown) {
            throw new Refused(Refused.NOT_ALLOWED, "this Java's attach API is not as expected: " + unknown);
        }
    }

    private static void loadAgent(Class<?> api, Object vm, File jar, String argument) throws ReflectiveOperationException {
        try {
            call(api, vm, "loadAgent", jar.getPath(), argument);
        } catch (InvocationTargetException thrown) {
            Throwable cause = thrown.getCause();
            // What Java 8 answers where all went well, and what a later Java's API takes for a failure.
            if (!cause.getClass().getSimpleName().equals("AgentLoadException") || !"0".equals(cause.getMessage())) {
                throw thrown;
            }
        }
    }

    private static Object call(Class<?> api, Object vm, String method, String... arguments)
            throws ReflectiveOperationException {
        Class<?>[] types = new Class<?>[arguments.length];
        java.util.Arrays.fill(types, String.class);
        return api.getMethod(method, types).invoke(vm, (Object[]) arguments);
    }

    private static String answer(Properties properties) throws Refused {
        String answer = properties.getProperty(LiveCommand.ANSWER, "");
        int line = answer.indexOf('\n');
        String what = answer.substring(line + 1);
        if (!answer.startsWith(LiveCommand.DONE)) {
            throw new Refused(Refused.FAILED, what.isEmpty() ? "the driver gave no answer" : what);
        }
        return what;
    }

    /** The attach API: a module's from Java 9, a jar's beside the JDK in Java 8. */
    private static Class<?> api() throws Refused {
        try {
            return Class.forName(API);
        } catch (ClassNotFoundException elsewhere) {
            File tools = new File(System.getProperty("java.home"), "../lib/tools.jar");
            try {
                if (tools.exists()) {
                    return Class.forName(API, true, new URLClassLoader(new URL[] {tools.toURI().toURL()}));
                }
            } catch (IOException | ClassNotFoundException missing) {
                // Said below.
            }
            throw new Refused(Refused.NOT_ALLOWED, "the Java of this command (" + System.getProperty("java.home")
                    + ") has no attach API (module jdk.attach; tools.jar in Java 8): run the command with a JDK's java; the "
                    + "driver itself may run on a JRE");
        }
    }

    /** Where the system tells about processes, refuses one that is no JVM. */
    private void requireJvm() throws Refused {
        Path process = Paths.get("/proc", pid);
        if (!Files.isDirectory(Paths.get("/proc/self"))) {
            return;
        }
        if (!Files.exists(process)) {
            throw new Refused(Refused.NO_SUCH_JVM, "there is no process " + pid);
        }
        try {
            String maps = new String(Files.readAllBytes(process.resolve("maps")), StandardCharsets.ISO_8859_1);
            if (!maps.contains("libjvm.so")) {
                throw new Refused(Refused.NO_SUCH_JVM, "process " + pid + " is no JVM");
            }
            String line = new String(Files.readAllBytes(process.resolve("cmdline")), StandardCharsets.UTF_8);
            if (line.contains(DISABLED)) {
                throw new Refused(Refused.NOT_ALLOWED, "the driver was started with " + DISABLED
                        + ": start it without that flag, or with -javaagent");
            }
        } catch (IOException notOurs) {
            throw new Refused(Refused.NOT_ALLOWED, "process " + pid + " cannot be looked at: run the command as the user "
                    + "that runs the driver");
        }
    }

    private Refused refusal(Throwable thrown) {
        String why = String.valueOf(thrown.getMessage());
        if (why.contains("Dynamic agent loading is not enabled")) {
            return new Refused(Refused.NOT_ALLOWED, "the driver forbids agents that come later: start it with "
                    + "-XX:+EnableDynamicAgentLoading, or with -javaagent");
        }
        if (why.contains("does not support the attach mechanism")) {
            return new Refused(Refused.NOT_ALLOWED, "the driver does not let anyone attach: start it without " + DISABLED
                    + ", or with -javaagent");
        }
        if (why.contains("No such process")) {
            return new Refused(Refused.NO_SUCH_JVM, "there is no process " + pid);
        }
        return new Refused(Refused.FAILED, "cannot attach to process " + pid + ": " + thrown + "; it must be a JVM of the same "
                + "user, in the same container, with the module java.instrument");
    }
}
