package io.rubato.agent.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.Properties;
import org.junit.jupiter.api.Test;

class OptionsTest {
    private final Properties properties = new Properties();

    private Options parse(String argument) {
        return Options.parse(argument, properties);
    }

    @Test
    void withoutAnyTheDefaultsHold() {
        Options options = parse(null);
        assertEquals("127.0.0.1:9092", options.brokers());
        assertEquals("rubato.metrics", options.metricsTopic());
        assertEquals("rubato.decisions", options.decisionsTopic());
        assertEquals(1, options.minMs());
        assertEquals(86_400_000, options.maxMs());
        assertTrue(options.covers("any/query"));
        assertEquals(Collections.emptyList(), options.mistakes());
    }

    @Test
    void theArgumentWinsOverThePropertyAndThePropertyOverTheDefault() {
        properties.setProperty("rubato.brokers", "a:1,b:2");
        properties.setProperty("rubato.min", "5s");
        Options options = parse("brokers=c:3;d:4|[::1]:5,max=1m,kafka.security.protocol=SSL");
        assertEquals("c:3,d:4,[::1]:5", options.brokers());
        assertEquals(5_000, options.minMs());
        assertEquals(60_000, options.maxMs());
        assertEquals(Collections.singletonMap("security.protocol", "SSL"), options.kafka());
        assertEquals(Collections.emptyList(), options.mistakes());
        assertEquals("a:1,b:2", parse("").brokers());
    }

    @Test
    void eachWrongOptionIsNamedOnceAndItsDefaultUsed() {
        Options options = parse("min=5,max=-1s,colour=red,brokers=nowhere,prefix=a b,log=loud,solo,,min=99999999999h");
        assertEquals(8, options.mistakes().size());
        for (String name : new String[] {"min", "max", "colour", "brokers", "prefix", "log", "option 7"}) {
            assertTrue(options.mistakes().stream().anyMatch(mistake -> mistake.contains(name)), name);
        }
        assertEquals("127.0.0.1:9092", options.brokers());
        assertEquals("rubato.metrics", options.metricsTopic());
    }

    @Test
    void whatMayBeTheRestOfAPasswordIsCalledByItsPlaceAlone() {
        for (String argument : new String[] {
            "kafka.sasl.jaas.config=a password=\"one,two,three=four\";", "kafka.ssl.keystore.password=one,two,three=4",
            "password=one,two,three=four", "one,two,three=four"}) {
            String said = parse("min=1s," + argument).mistakes().toString();
            assertFalse(said.matches("(?s).*(one|two|three|four).*"), said);
            assertTrue(said.contains("option 3 of the argument"), said);
        }
    }

    @Test
    void boundsTheWrongWayRoundAreIgnoredBoth() {
        Options options = parse("min=10s,max=1s");
        assertEquals(1, options.mistakes().size());
        assertEquals(1, options.minMs());
        assertEquals(86_400_000, options.maxMs());
    }

    @Test
    void patternsIncludeAndExcludeQueries() {
        Options options = parse("include=etl/*|web/click?,exclude=*/secret*");
        assertTrue(options.covers("etl/a/b"));
        assertTrue(options.covers("web/clicks"));
        assertFalse(options.covers("web/click"));
        assertFalse(options.covers("etl/secrets"));
        assertFalse(options.covers("other/q"));
    }
}
