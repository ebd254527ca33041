package io.rubato.agent.core.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class QueryKeyTest {
    @Test
    void unreservedCharactersAreKeptAndAllOthersEscaped() {
        assertEquals("my-app_1.0~x/a%2Fb%20%25", QueryKey.of("my-app_1.0~x", "a/b %", "id"));
        assertEquals("%C3%A9t%C3%A9%F0%9F%8E%B5/id", QueryKey.of("\u00e9t\u00e9\ud83c\udfb5", null, "id"));
        assertEquals("app/id", QueryKey.of("app", "", "id"));
    }
}
