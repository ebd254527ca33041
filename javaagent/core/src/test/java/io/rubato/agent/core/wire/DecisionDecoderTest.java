package io.rubato.agent.core.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DecisionDecoderTest {
    private static final String WHOLE = "{\"v\":1,\"epoch\":3,\"seq\":9,\"runId\":\"r\",\"intervalMs\":2000,"
            + "\"action\":\"shorten\",\"leaseMs\":10000,\"causeSeq\":17,\"policy\":\"p\",\"mode\":\"learn\"}";

    private final DecisionDecoder decoder = new DecisionDecoder();

    private Decision decode(String json) throws MalformedDecision {
        return decoder.decode(json.getBytes(StandardCharsets.UTF_8));
    }

    private void refused(String json) {
        assertThrows(MalformedDecision.class, () -> decode(json), json);
    }

    @Test
    void aWholeDecisionIsRead() throws MalformedDecision {
        Decision decision = decode(WHOLE);
        assertEquals(3, decision.epoch);
        assertEquals(9, decision.seq);
        assertEquals("r", decision.runId);
        assertEquals(2_000, decision.intervalMs);
        assertEquals(10_000, decision.leaseMs);
        assertEquals(17, decision.causeSeq);
    }

    @Test
    void unknownFieldsAreIgnored() throws MalformedDecision {
        assertEquals(9, decode(WHOLE.replace("{\"v\"", "{\"new\":{\"a\":[1,{\"seq\":4}]},\"v\"")).seq);
    }

    @Test
    void aTickHasNoCause() throws MalformedDecision {
        assertEquals(-1, decode(WHOLE.replace("17", "null")).causeSeq);
    }

    @Test
    void aReleaseNeedsNoInterval() throws MalformedDecision {
        assertTrue(decode(WHOLE.replace("shorten", "release").replace("\"intervalMs\":2000,", "")).release);
        assertTrue(decode(WHOLE.replace("10000", "0")).release);
    }

    @Test
    void whatIsNotAWholeDecisionOfThisVersionIsRefused() {
        refused("");
        refused("null");
        refused("[]");
        refused("12");
        refused(WHOLE + "x");
        refused(WHOLE + WHOLE);
        refused(WHOLE.replace("\"v\":1", "\"v\":2"));
        refused(WHOLE.replace("\"v\":1,", ""));
        refused(WHOLE.replace("\"seq\":9", "\"seq\":\"9\""));
        refused(WHOLE.replace("\"seq\":9", "\"seq\":-9"));
        refused(WHOLE.replace("\"seq\":9", "\"seq\":99999999999999999999"));
        refused(WHOLE.replace("2000", "2000.5"));
        refused(WHOLE.replace("2000", "NaN"));
        refused(WHOLE.replace("2000", "0"));
        refused(WHOLE.replace("2000", "-2000"));
        refused(WHOLE.replace("\"r\"", "null"));
        refused(WHOLE.replace("shorten", "explode"));
        refused(WHOLE.replace("17", "{}"));
    }

    @Test
    void theAbsentAndTheHugeAreRefused() {
        assertThrows(MalformedDecision.class, () -> decoder.decode(null));
        byte[] huge = Arrays.copyOf(WHOLE.getBytes(StandardCharsets.UTF_8), DecisionDecoder.LONGEST_BYTES + 1);
        Arrays.fill(huge, WHOLE.length(), huge.length, (byte) ' ');
        assertThrows(MalformedDecision.class, () -> decoder.decode(huge));
        byte[] deep = new byte[500_000];
        Arrays.fill(deep, (byte) '[');
        assertThrows(MalformedDecision.class, () -> decoder.decode(deep));
    }

    @Test
    void everyTruncationIsRefused() {
        for (int length = 0; length < WHOLE.length(); length++) {
            refused(WHOLE.substring(0, length));
        }
    }

    @Test
    void noBytesMakeItThrowAnythingElse() {
        Random random = new Random(20);
        byte[] whole = WHOLE.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < 50_000; i++) {
            byte[] bytes = Arrays.copyOf(whole, 1 + random.nextInt(whole.length));
            for (int flips = random.nextInt(6); flips >= 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            try {
                Decision decision = decoder.decode(bytes);
                assertTrue(decision.release || decision.intervalMs > 0);
                assertTrue(decision.epoch >= 0 && decision.seq >= 0 && decision.leaseMs >= 0);
            } catch (MalformedDecision refused) {
                assertTrue(refused.getMessage().length() > 0);
            }
        }
    }
}
