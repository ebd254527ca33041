package io.rubato.agent.core.spark;

import io.rubato.agent.bridge.RunIdentity;
import io.rubato.agent.core.AgentLog;
import io.rubato.agent.core.wire.QueryKey;
import io.rubato.agent.core.wire.RunReport;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What the agent wants to know of Spark's objects. */
public final class SparkReader {
    /** The listener events that matter here. */
    public enum EventKind { PROGRESS, TERMINATED, OTHER }

    private static final String[] SOURCE_OPTIONS = {
        "subscribe", "subscribePattern", "assign", "kafka.bootstrap.servers", "maxOffsetsPerTrigger",
        "minOffsetsPerTrigger", "maxTriggerDelay", "maxFilesPerTrigger", "rowsPerSecond"
    };
    private static final String STREAMING = "org.apache.spark.sql.execution.streaming.";

    private final Reflection reflection = new Reflection();

    /** Who this {@code StreamExecution} is. */
    public RunIdentity identify(Object execution) {
        Object session = reflection.callOrNull(execution, "sparkSession");
        Object context = reflection.callOrNull(session, "sparkContext");
        String appName = text(reflection.callOrNull(context, "appName"), "unknown");
        String queryId = text(reflection.callOrNull(execution, "id"), "unknown");
        String name = text(reflection.callOrNull(execution, "name"), null);
        Object trigger = reflection.callOrNull(execution, "trigger");
        String triggerClass = trigger == null ? "" : trigger.getClass().getName();
        boolean periodic = triggerClass.equals(STREAMING + "ProcessingTimeTrigger");
        Object interval = periodic ? reflection.callOrNull(trigger, "intervalMs") : null;
        return new RunIdentity(
                QueryKey.of(appName, name, queryId),
                text(reflection.callOrNull(context, "applicationId"), "unknown"),
                appName,
                queryId,
                text(reflection.callOrNull(execution, "runId"), "unknown"),
                name,
                text(reflection.callOrNull(session, "version"), "unknown"),
                triggerType(triggerClass),
                interval instanceof Long ? (Long) interval : 0,
                interval instanceof Long && isMicroBatch(execution.getClass().getName()));
    }

    private static boolean isMicroBatch(String type) {
        return type.equals(STREAMING + "MicroBatchExecution") || type.equals(STREAMING + "runtime.MicroBatchExecution");
    }

    private static String triggerType(String triggerClass) {
        String simple = triggerClass.substring(triggerClass.lastIndexOf('.') + 1).replace("$", "");
        return simple.endsWith("Trigger") ? simple.substring(0, simple.length() - "Trigger".length()) : simple;
    }

    private static String text(Object value, String otherwise) {
        return value == null ? otherwise : value.toString();
    }

    public EventKind kindOf(Object event) {
        String type = event.getClass().getName();
        return type.endsWith("$QueryProgressEvent") ? EventKind.PROGRESS
                : type.endsWith("$QueryTerminatedEvent") ? EventKind.TERMINATED : EventKind.OTHER;
    }

    /** The run id of a terminated event. */
    public String runIdOf(Object event) {
        return String.valueOf(reflection.callOrNull(event, "runId"));
    }

    /** The batch that just ended: the execution's in 3.x, the argument's from 4.0. */
    public long batchId(Object execution, Object[] arguments) {
        Object id = arguments.length == 0 ? reflection.callOrNull(execution, "currentBatchId")
                : reflection.callOrNull(arguments[0], "batchId");
        return id instanceof Long ? (Long) id : -1;
    }

    public String progressJson(Object event) throws ReflectiveOperationException {
        return (String) reflection.call(reflection.call(event, "progress"), "json");
    }

    /** The exception of a terminated event, or null. */
    public String exceptionOf(Object event) {
        Object option = reflection.callOrNull(event, "exception");
        boolean given = Boolean.TRUE.equals(reflection.callOrNull(option, "isDefined"));
        return given ? text(reflection.callOrNull(option, "get"), null) : null;
    }

    /** The sources in the leaves of the query's plan, with those of their options that bear on arrivals. */
    public List<RunReport.Source> sources(Object execution) {
        try {
            List<RunReport.Source> sources = new ArrayList<>();
            Object plan = reflection.call(execution, "analyzedPlan");
            for (Object leaf : reflection.elements(reflection.call(plan, "collectLeaves"))) {
                Map<String, String> options = optionsOf(leaf);
                if (options != null) {
                    String name = text(reflection.callOrNull(leaf, "sourceName"), leaf.getClass().getSimpleName());
                    sources.add(new RunReport.Source(name, options));
                }
            }
            return sources;
        } catch (Throwable unreadable) {
            AgentLog.debug("the plan's sources cannot be read: " + unreadable);
            return Collections.emptyList();
        }
    }

    private Map<String, String> optionsOf(Object leaf) throws ReflectiveOperationException {
        Map<String, String> lowerCase = new TreeMap<>();
        Object extra = reflection.callOrNull(leaf, "extraOptions");
        Object dataSource = reflection.callOrNull(leaf, "dataSource");
        if (extra instanceof Map) {
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) extra).entrySet()) {
                lowerCase.put(String.valueOf(entry.getKey()).toLowerCase(Locale.ROOT), String.valueOf(entry.getValue()));
            }
        } else if (dataSource != null) {
            for (Object pair : reflection.elements(reflection.call(dataSource, "options"))) {
                lowerCase.put(String.valueOf(reflection.call(pair, "_1")).toLowerCase(Locale.ROOT),
                        String.valueOf(reflection.call(pair, "_2")));
            }
        } else {
            return null;
        }
        Map<String, String> told = new TreeMap<>();
        for (String option : SOURCE_OPTIONS) {
            String value = lowerCase.get(option.toLowerCase(Locale.ROOT));
            if (value != null) {
                told.put(option, value);
            }
        }
        return told;
    }
}
