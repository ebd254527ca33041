package io.rubato.agent.core.wire;

import java.nio.charset.StandardCharsets;

/** The name under which a query is known on the wire. */
public final class QueryKey {
    private static final char[] HEX = "0123456789ABCDEF".toCharArray();

    private QueryKey() {
    }

    /** {@code <application name>/<query name, or query id>}, each part percent-escaped. */
    public static String of(String applicationName, String queryName, String queryId) {
        return escape(applicationName) + '/' + escape(queryName == null || queryName.isEmpty() ? queryId : queryName);
    }

    /** Percent-escapes the UTF-8 bytes of all but RFC 3986's unreserved characters. */
    static String escape(String text) {
        StringBuilder escaped = new StringBuilder(text.length() + 16);
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            if (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
                    || c == '-' || c == '.' || c == '_' || c == '~') {
                escaped.append(c);
            } else {
                escaped.append('%').append(HEX[c >> 4]).append(HEX[c & 15]);
            }
        }
        return escaped.toString();
    }
}
