package io.rubato.agent.core.instrument;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rubato.agent.bridge.Hook;
import io.rubato.agent.bridge.StreamHooks;
import java.util.Collections;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.description.modifier.Visibility;
import net.bytebuddy.description.type.TypeDescription;
import net.bytebuddy.dynamic.loading.ByteArrayClassLoader;
import net.bytebuddy.implementation.FixedValue;
import org.junit.jupiter.api.Test;

/** On stand-ins for Spark's classes; the real ones are met in the integration tests. */
class SparkTransformerTest {
    private static final String CLOCK = "org.apache.spark.util.SystemClock";

    private final ClassLoader loader = getClass().getClassLoader();
    private final SparkTransformer transformer;

    SparkTransformerTest() throws NoSuchMethodException {
        transformer = new SparkTransformer();
    }

    private static byte[] clockWith(String method, Class<?> parameter, TypeDescription... interfaces) {
        return new ByteBuddy().subclass(Object.class).name(CLOCK).implement(interfaces)
                .defineMethod(method, long.class, Visibility.PUBLIC).withParameters(parameter)
                .intercept(FixedValue.value(17L))
                .make().getBytes();
    }

    @Test
    void aHookedMethodStillGivesItsOwnResultWhereNoQueryRuns() throws ReflectiveOperationException {
        byte[] after = transformer.transform(loader, CLOCK.replace('.', '/'), null, null, clockWith("waitTillTime", long.class));
        assertNotNull(after);
        long before = StreamHooks.adviceErrors();
        Class<?> clock = new ByteArrayClassLoader(loader, Collections.singletonMap(CLOCK, after)).loadClass(CLOCK);
        Object instance = clock.getConstructor().newInstance();
        assertEquals(17L, clock.getMethod("waitTillTime", long.class).invoke(instance, 5L));
        assertEquals(before, StreamHooks.adviceErrors());
    }

    @Test
    void aClassWithoutTheExpectedMethodPassesThrough() {
        assertNull(transformer.transform(loader, CLOCK.replace('.', '/'), null, null, clockWith("waitUntil", long.class)));
        assertNull(transformer.transform(loader, CLOCK.replace('.', '/'), null, null, clockWith("waitTillTime", int.class)));
    }

    @Test
    void aLoadedClassIsMissedUntilItWasMetAndIsHookedOnlyIfItTookTheHooks() throws ReflectiveOperationException {
        for (String method : new String[] {"waitTillTime", "waitUntil"}) {
            byte[] before = clockWith(method, long.class);
            Class<?> clock = new ByteArrayClassLoader(loader, Collections.singletonMap(CLOCK, before)).loadClass(CLOCK);
            Class<?>[] loaded = {String.class, clock, getClass()};
            assertEquals(Collections.singletonList(clock), transformer.unmet(loaded));
            byte[] after = transformer.transform(clock.getClassLoader(), CLOCK.replace('.', '/'), clock, null, before);
            assertEquals(Collections.emptyList(), transformer.unmet(loaded));
            assertEquals(after == null ? Collections.emptyList() : Collections.singletonList(clock), transformer.hooked(loaded));
        }
    }

    @Test
    void aHookIsInPlaceNoLongerThanTheLastTransformationOfItsClassLeftItThere() {
        byte[] good = clockWith("waitTillTime", long.class);
        for (byte[] bad : new byte[][] {clockWith("waitUntil", long.class), {1, 2, 3}}) {
            transform(good);
            assertTrue(Hook.WAIT.isActive());
            transform(bad);
            assertFalse(Hook.WAIT.isActive());
        }
        transform(good);
        assertTrue(Hook.WAIT.isActive());
    }

    private void transform(byte[] clock) {
        transformer.transform(loader, CLOCK.replace('.', '/'), null, null, clock);
    }

    @Test
    void aClassThatWasNeverHookedTakesNoHookAwayFromAnother() {
        transform(clockWith("waitTillTime", long.class));
        transformer.transform(new ByteArrayClassLoader(loader, Collections.emptyMap()), CLOCK.replace('.', '/'), null, null,
                clockWith("waitUntil", long.class));
        assertTrue(Hook.WAIT.isActive());
    }

    @Test
    void aClassThatCouldNotBeTransformedOrThatTheJvmRefusedIsMetAndCarriesNothing() throws ReflectiveOperationException {
        byte[] before = clockWith("waitTillTime", long.class);
        Class<?> clock = new ByteArrayClassLoader(loader, Collections.singletonMap(CLOCK, before)).loadClass(CLOCK);
        Class<?>[] loaded = {clock};
        transformer.transform(clock.getClassLoader(), CLOCK.replace('.', '/'), clock, null, new byte[] {1, 2, 3});
        assertEquals(Collections.emptyList(), transformer.unmet(loaded));
        transformer.transform(clock.getClassLoader(), CLOCK.replace('.', '/'), clock, null, before);
        transformer.refused(clock);
        assertEquals(Collections.emptyList(), transformer.hooked(loaded));
        assertFalse(Hook.WAIT.isActive());
    }

    @Test
    void aSupertypeThatAnotherAgentAddedAndNoPathHoldsIsNoHindrance() {
        TypeDescription marker = new ByteBuddy().makeInterface().name("another.agents.Marker").make().getTypeDescription();
        assertNotNull(transformer.transform(loader, CLOCK.replace('.', '/'), null, null,
                clockWith("waitTillTime", long.class, marker)));
    }

    @Test
    void bytesThatAreNoClassPassThrough() {
        assertNull(transformer.transform(loader, CLOCK.replace('.', '/'), null, null, new byte[] {1, 2, 3}));
    }

    @Test
    void otherClassesAreNotLookedAt() {
        assertNull(transformer.transform(loader, "org/apache/spark/util/Clock", null, null, null));
    }
}
