package io.rubato.agent.core.wire;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.rubato.agent.bridge.Hook;
import io.rubato.agent.bridge.RunIdentity;
import io.rubato.agent.bridge.StreamHooks;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Map;

/** Writes messages as JSON. Used by the sender's thread alone. */
public final class MessageWriter {
    private static final int VERSION = 1;

    private final JsonFactory json = new JsonFactory();
    private final String agentVersion;

    public MessageWriter(String agentVersion) {
        this.agentVersion = agentVersion;
    }

    /** @throws Exception if Spark's event cannot be read; the message is then lost, and nothing else */
    public byte[] write(Message message, long sentNs) throws Exception {
        RunReport report = message.report();
        String progress = message.type == Message.Type.PROGRESS ? report.progressJson(message.event) : null;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(progress == null ? 1_024 : 1_024 + progress.length());
        try (JsonGenerator out = json.createGenerator(bytes)) {
            out.writeStartObject();
            writeEnvelope(out, message, sentNs);
            switch (message.type) {
                case STARTED:
                    writeStarted(out, message, report);
                    break;
                case TRIGGER_START:
                    out.writeStringField("edge", "start");
                    break;
                case TRIGGER_END:
                    writeTriggerEnd(out, message);
                    break;
                case PROGRESS:
                    out.writeFieldName("progress");
                    out.writeRawValue(progress);
                    break;
                case HEARTBEAT:
                    writeStats(out, message, report);
                    break;
                case TERMINATED:
                    out.writeStringField("exception", message.event == null ? null : report.exceptionOf(message.event));
                    break;
                default:
                    throw new IllegalStateException();
            }
            out.writeEndObject();
        }
        return bytes.toByteArray();
    }

    private static void writeEnvelope(JsonGenerator out, Message message, long sentNs) throws IOException {
        out.writeNumberField("v", VERSION);
        out.writeStringField("type", message.type.wireName);
        out.writeNumberField("seq", message.seq);
        out.writeStringField("runId", message.run.identity.runId);
        out.writeNumberField("wallMs", message.wallMs);
        out.writeNumberField("monoNs", message.monoNs);
        out.writeNumberField("sentMonoNs", sentNs);
        out.writeObjectFieldStart("counters");
        out.writeNumberField("triggers", message.triggers);
        out.writeNumberField("emptyTriggers", message.emptyTriggers);
        out.writeNumberField("batches", message.batches);
        out.writeNumberField("drops", message.drops);
        out.writeEndObject();
        out.writeStringField("phase", message.inTurn ? "batch" : "waiting");
        // Where an earlier agent counted the triggers, this one has yet to see a start.
        writeNumberOrNull(out, "triggerStartMs", message.triggerStartMs > 0, message.triggerStartMs);
        writeNumberOrNull(out, "triggerStartMonoNs", message.triggerStartMs > 0, message.triggerStartNs);
        out.writeNumberField("intervalMs", message.intervalMs);
        out.writeNumberField("configuredMs", message.run.identity.configuredMs);
        out.writeBooleanField("managed", message.managed);
        out.writeBooleanField("conflict", message.conflict);
        if (message.applied == null) {
            out.writeNullField("applied");
        } else {
            out.writeObjectFieldStart("applied");
            out.writeNumberField("epoch", message.applied.epoch);
            out.writeNumberField("seq", message.applied.seq);
            out.writeNumberField("intervalMs", message.applied.intervalMs);
            out.writeNumberField("leaseLeftMs", message.leaseLeftMs);
            out.writeEndObject();
        }
    }

    private void writeStarted(JsonGenerator out, Message message, RunReport report) throws IOException {
        RunIdentity run = message.run.identity;
        out.writeStringField("appId", run.appId);
        out.writeStringField("appName", run.appName);
        out.writeStringField("queryId", run.queryId);
        out.writeStringField("name", run.name);
        out.writeStringField("sparkVersion", run.sparkVersion);
        out.writeStringField("agentVersion", agentVersion);
        out.writeStringField("triggerType", run.triggerType);
        out.writeBooleanField("manageable", run.manageable);
        out.writeBooleanField("hooksActive", Hook.allRequiredActive());
        out.writeObjectFieldStart("hooks");
        for (Hook hook : Hook.values()) {
            out.writeBooleanField(hook.method, hook.isActive());
        }
        out.writeEndObject();
        out.writeArrayFieldStart("sources");
        for (RunReport.Source source : report.sources()) {
            out.writeStartObject();
            out.writeStringField("name", source.name);
            out.writeObjectFieldStart("options");
            for (Map.Entry<String, String> option : source.options.entrySet()) {
                out.writeStringField(option.getKey(), option.getValue());
            }
            out.writeEndObject();
            out.writeEndObject();
        }
        out.writeEndArray();
    }

    private static void writeTriggerEnd(JsonGenerator out, Message message) throws IOException {
        out.writeStringField("edge", "end");
        out.writeStringField("outcome", message.outcome.wireName);
        writeNumberOrNull(out, "batchId", message.batchId >= 0, message.batchId);
        out.writeNumberField("batchEndMonoNs", message.batchEndNs);
    }

    private static void writeStats(JsonGenerator out, Message message, RunReport report) throws IOException {
        out.writeObjectFieldStart("stats");
        out.writeObjectFieldStart("hookFirings");
        for (Hook hook : Hook.values()) {
            out.writeNumberField(hook.method, message.run.firings(hook));
        }
        out.writeEndObject();
        out.writeNumberField("adviceErrors", StreamHooks.adviceErrors());
        out.writeNumberField("applied", report.applied());
        Map<String, Long> refusedBy = report.refusedBy();
        long refused = 0;
        for (long count : refusedBy.values()) {
            refused += count;
        }
        out.writeNumberField("refused", refused);
        out.writeObjectFieldStart("refusedBy");
        for (Map.Entry<String, Long> entry : refusedBy.entrySet()) {
            out.writeNumberField(entry.getKey(), entry.getValue());
        }
        out.writeEndObject();
        out.writeNumberField("clamped", report.clamped());
        out.writeNumberField("expired", message.run.expired());
        writeRoundTrips(out, report);
        out.writeEndObject();
    }

    private static void writeRoundTrips(JsonGenerator out, RunReport report) throws IOException {
        long total = 0;
        out.writeObjectFieldStart("roundTrip");
        out.writeNumberField("base", report.roundTripBase());
        out.writeObjectFieldStart("buckets");
        for (int i = 0; i < report.roundTripBuckets(); i++) {
            long count = report.roundTrips(i);
            if (count > 0) {
                out.writeNumberField(Integer.toString(i), count);
                total += count;
            }
        }
        out.writeEndObject();
        out.writeNumberField("count", total);
        out.writeEndObject();
    }

    private static void writeNumberOrNull(JsonGenerator out, String name, boolean known, long value) throws IOException {
        if (known) {
            out.writeNumberField(name, value);
        } else {
            out.writeNullField(name);
        }
    }
}
