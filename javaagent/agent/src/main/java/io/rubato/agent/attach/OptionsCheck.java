package io.rubato.agent.attach;

import io.rubato.agent.premain.IsolatedLoader;
import java.io.File;
import java.io.IOException;
import java.util.List;
import java.util.Properties;
import java.util.jar.JarFile;

/** Has the core read the options here first: a driver is not touched with a wrong one. */
final class OptionsCheck {
    private static final String OPTIONS = "io.rubato.agent.core.Options";

    private final File jar;

    OptionsCheck(File jar) {
        this.jar = jar;
    }

    void require(String options) throws Refused, IOException, ReflectiveOperationException {
        try (JarFile file = new JarFile(jar, false)) {
            Class<?> type = Class.forName(OPTIONS, true, new IsolatedLoader(file));
            Object parsed = type.getMethod("parse", String.class, Properties.class).invoke(null, options, new Properties());
            List<?> mistakes = (List<?>) type.getMethod("mistakes").invoke(parsed);
            if (!mistakes.isEmpty()) {
                throw new Refused(Refused.USAGE, String.valueOf(mistakes.get(0)));
            }
        }
    }
}
