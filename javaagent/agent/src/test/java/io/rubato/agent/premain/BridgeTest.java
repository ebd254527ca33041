package io.rubato.agent.premain;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rubato.agent.bridge.StreamHooks;
import java.io.File;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class BridgeTest {
    /** One that is missing would be found by the job's loader and not by the bootstrap loader. */
    @Test
    void everyClassOfTheBridgeIsDefined() throws Exception {
        File where = new File(StreamHooks.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        Set<String> there;
        if (where.isDirectory()) {
            there = Arrays.stream(new File(where, Bridge.PATH).list()).collect(Collectors.toCollection(TreeSet::new));
        } else {
            try (JarFile jar = new JarFile(where)) {
                there = jar.stream().map(entry -> entry.getName())
                        .filter(name -> name.startsWith(Bridge.PATH) && name.endsWith(".class"))
                        .map(name -> name.substring(Bridge.PATH.length())).collect(Collectors.toCollection(TreeSet::new));
            }
        }
        there.remove("package-info.class");
        Set<String> listed = Arrays.stream(Bridge.CLASSES).map(name -> name + ".class")
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(there, listed);
    }
}
