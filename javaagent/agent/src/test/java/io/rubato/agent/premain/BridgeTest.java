package io.rubato.agent.premain;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.File;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class BridgeTest {
    /** One that is missing would be found by the job's loader and not by the bootstrap loader. */
    @Test
    void everyClassOfTheBridgeIsDefined() {
        // Of the module itself: the copy in this module's own folder may be an earlier build's.
        Set<String> there = Arrays.stream(new File("../bridge/target/classes", Bridge.PATH).list())
                .filter(name -> !name.equals("package-info.class")).collect(Collectors.toCollection(TreeSet::new));
        Set<String> listed = Arrays.stream(Bridge.CLASSES).map(name -> name + ".class")
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(there, listed);
    }
}
