package io.rubato.jobs;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** {@code --key value} flags; a flag before another flag or at the end stands for {@code true}. */
final class Flags {
    private final Map<String, String> values = new HashMap<>();

    Flags(String[] arguments, String... known) {
        List<String> names = Arrays.asList(known);
        for (int i = 0; i < arguments.length; i++) {
            if (!arguments[i].startsWith("--") || !names.contains(arguments[i].substring(2))) {
                throw new IllegalArgumentException("unknown flag " + arguments[i] + "; there are --"
                        + String.join(", --", names));
            }
            boolean alone = i + 1 == arguments.length || arguments[i + 1].startsWith("--");
            values.put(arguments[i].substring(2), alone ? "true" : arguments[++i]);
        }
    }

    String get(String name, String otherwise) {
        return values.getOrDefault(name, otherwise);
    }

    String need(String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("--" + name + " is missing");
        }
        return value;
    }

    boolean has(String name) {
        return values.containsKey(name);
    }

    boolean is(String name) {
        return Boolean.parseBoolean(get(name, "false"));
    }
}
