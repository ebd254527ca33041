package io.rubato.agent.core.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import io.rubato.agent.bridge.Command;
import io.rubato.agent.bridge.RunState;
import io.rubato.agent.bridge.StreamHooks;
import io.rubato.agent.core.control.Fixture;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import org.junit.jupiter.api.Test;

class MessageWriterTest {
    /** Stands in for Spark's event. */
    public static final class ProgressEvent {
        /** Stands in for Spark's progress. */
        public static final class Progress {
            public String json() {
                return "{\"id\" : \"x\", \"numInputRows\":3}";
            }
        }

        public Progress progress() {
            return new Progress();
        }
    }

    private final Fixture fixture = new Fixture();
    private RunState run = fixture.begin("q", "run-1", true);
    private final MessageWriter writer = new MessageWriter("0.0");

    private String write(Message.Type type, Object event) throws Exception {
        MessageQueue queue = new MessageQueue(1);
        Message.post(type, run, event, queue);
        String json = new String(writer.write(queue.poll(), 42), StandardCharsets.UTF_8);
        parse(json);
        return json;
    }

    private static void parse(String json) throws IOException {
        try (JsonParser parser = new JsonFactory().createParser(json)) {
            parser.nextToken();
            parser.skipChildren();
            assertTrue(parser.nextToken() == null, json);
        }
    }

    @Test
    void everyMessageCarriesTheEnvelope() throws Exception {
        for (Message.Type type : Message.Type.values()) {
            String json = write(type, type == Message.Type.PROGRESS ? new ProgressEvent() : null);
            for (String field : new String[] {"\"v\":1,", "\"type\":\"" + type.wireName, "\"seq\":", "\"runId\":\"run-1\"",
                "\"wallMs\":", "\"monoNs\":", "\"sentMonoNs\":42", "\"triggers\":", "\"emptyTriggers\":", "\"batches\":",
                "\"drops\":", "\"phase\":\"waiting\"", "\"triggerStartMs\":null", "\"triggerStartMonoNs\":null",
                "\"intervalMs\":2000", "\"configuredMs\":2000", "\"managed\":false", "\"conflict\":false",
                "\"applied\":null"}) {
                assertTrue(json.contains(field), field + " in " + json);
            }
        }
    }

    @Test
    void afterASecondAttachmentTheTriggerInCourseHasNoStartUntilOneIsSeen() throws Exception {
        StreamHooks.adopt(Thread.currentThread(), run);
        StreamHooks.nextBatchTimeEntered(1_000);
        StreamHooks.forgetAll();
        run = new Fixture(Collections.singletonMap("run-1", run.tally())).begin("q", "run-1", true);
        String json = write(Message.Type.HEARTBEAT, null);
        assertTrue(json.contains("\"triggers\":1,"), json);
        assertTrue(json.contains("\"triggerStartMs\":null,\"triggerStartMonoNs\":null"), json);
        StreamHooks.adopt(Thread.currentThread(), run);
        StreamHooks.nextBatchTimeEntered(2_000);
        StreamHooks.forgetAll();
        assertTrue(write(Message.Type.HEARTBEAT, null).contains("\"triggerStartMs\":2000,"));
    }

    @Test
    void sparksProgressIsEmbeddedVerbatim() throws Exception {
        assertTrue(write(Message.Type.PROGRESS, new ProgressEvent())
                .contains("\"progress\":{\"id\" : \"x\", \"numInputRows\":3}"));
    }

    @Test
    void theLastCommandIsReportedWithWhatIsLeftOfItsLease() throws Exception {
        run.apply(new Command(2, 8, 500, System.nanoTime() + 60_000_000_000L));
        String json = write(Message.Type.HEARTBEAT, null);
        assertTrue(json.contains("\"intervalMs\":500,\"configuredMs\":2000,\"managed\":true"));
        assertTrue(json.contains("\"applied\":{\"epoch\":2,\"seq\":8,\"intervalMs\":500,\"leaseLeftMs\":59"));
        run.release(null);
        json = write(Message.Type.HEARTBEAT, null);
        assertTrue(json.contains("\"managed\":false"));
        assertTrue(json.contains("\"leaseLeftMs\":0}"));
    }

    @Test
    void aRunWhosePlanCannotBeReadHasNoSources() throws Exception {
        String json = write(Message.Type.STARTED, null);
        assertTrue(json.contains("\"sources\":[]"));
        assertTrue(json.contains("\"hooksActive\":true"));
        assertTrue(json.contains("\"agentVersion\":\"0.0\""));
    }

    @Test
    void theHistogramIsSparse() throws Exception {
        String json = write(Message.Type.HEARTBEAT, null);
        assertTrue(json.contains("\"roundTrip\":{\"base\":1.05,\"buckets\":{},\"count\":0}"));
        assertFalse(json.contains("\"refusedBy\":{\""));
        assertEquals(1, json.split("\"hookFirings\"").length - 1);
    }
}
