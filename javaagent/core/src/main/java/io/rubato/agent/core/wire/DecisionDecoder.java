package io.rubato.agent.core.wire;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/** Reads decisions, and refuses whatever is not one. */
public final class DecisionDecoder {
    /** Nothing longer is looked at. */
    public static final int LONGEST_BYTES = 1_000_000;

    private static final int VERSION = 1;
    private static final long NOT_GIVEN = Long.MIN_VALUE;

    private final JsonFactory json = new JsonFactory();

    /** @throws MalformedDecision for anything but a whole decision of this version, whatever the bytes */
    public Decision decode(byte[] value) throws MalformedDecision {
        if (value == null) {
            throw new MalformedDecision("no value");
        }
        if (value.length > LONGEST_BYTES) {
            throw new MalformedDecision("longer than " + LONGEST_BYTES + " bytes");
        }
        try (JsonParser parser = json.createParser(value)) {
            return read(parser);
        } catch (IOException | RuntimeException broken) {
            throw new MalformedDecision("not a JSON object: " + broken.getClass().getSimpleName());
        }
    }

    private static Decision read(JsonParser parser) throws IOException, MalformedDecision {
        require(parser.nextToken() == JsonToken.START_OBJECT, "not an object");
        long version = NOT_GIVEN;
        long epoch = NOT_GIVEN;
        long seq = NOT_GIVEN;
        long intervalMs = NOT_GIVEN;
        long leaseMs = NOT_GIVEN;
        long causeSeq = -1;
        String runId = null;
        String action = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.getCurrentName();
            JsonToken token = parser.nextToken();
            switch (name) {
                case "v":
                    version = whole(parser, token, name);
                    break;
                case "epoch":
                    epoch = whole(parser, token, name);
                    break;
                case "seq":
                    seq = whole(parser, token, name);
                    break;
                case "intervalMs":
                    intervalMs = whole(parser, token, name);
                    break;
                case "leaseMs":
                    leaseMs = whole(parser, token, name);
                    break;
                case "causeSeq":
                    causeSeq = token == JsonToken.VALUE_NULL ? -1 : whole(parser, token, name);
                    break;
                case "runId":
                    runId = text(parser, token, name);
                    break;
                case "action":
                    action = text(parser, token, name);
                    break;
                default:
                    parser.skipChildren();
            }
        }
        require(parser.currentToken() == JsonToken.END_OBJECT && parser.nextToken() == null, "not one whole object");
        require(version == VERSION, "not version " + VERSION);
        require(epoch != NOT_GIVEN && seq != NOT_GIVEN, "no epoch or seq");
        require(runId != null && action != null, "no runId or action");
        require(leaseMs != NOT_GIVEN, "no leaseMs");
        boolean release = isRelease(action) || leaseMs == 0;
        require(release || intervalMs > 0, "no interval above 0");
        return new Decision(epoch, seq, runId, intervalMs, release, leaseMs, causeSeq);
    }

    private static boolean isRelease(String action) throws MalformedDecision {
        switch (action) {
            case "release":
                return true;
            case "shorten":
            case "keep":
            case "lengthen":
                return false;
            default:
                throw new MalformedDecision("unknown action");
        }
    }

    private static long whole(JsonParser parser, JsonToken token, String name) throws IOException, MalformedDecision {
        require(token == JsonToken.VALUE_NUMBER_INT, name + " is not a whole number");
        long value = parser.getLongValue();
        require(value >= 0, name + " is negative");
        return value;
    }

    private static String text(JsonParser parser, JsonToken token, String name) throws IOException, MalformedDecision {
        require(token == JsonToken.VALUE_STRING, name + " is not a string");
        return parser.getText();
    }

    private static void require(boolean holds, String otherwise) throws MalformedDecision {
        if (!holds) {
            throw new MalformedDecision(otherwise);
        }
    }
}
