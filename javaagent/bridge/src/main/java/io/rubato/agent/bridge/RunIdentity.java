package io.rubato.agent.bridge;

/** What does not change over one run of a query. */
public final class RunIdentity {
    /** {@code <application name>/<query name, or query id>}, percent-escaped: the key of every message. */
    public final String key;
    public final String appId;
    public final String appName;
    public final String queryId;
    public final String runId;
    /** The query's name, or null. */
    public final String name;
    public final String sparkVersion;
    public final String triggerType;
    /** The job's own interval in milliseconds; 0 for back to back, and where the trigger has none. */
    public final long configuredMs;
    /** Whether this is a plain micro-batch run on a processing-time trigger. */
    public final boolean manageable;

    public RunIdentity(String key, String appId, String appName, String queryId, String runId, String name,
            String sparkVersion, String triggerType, long configuredMs, boolean manageable) {
        this.key = key;
        this.appId = appId;
        this.appName = appName;
        this.queryId = queryId;
        this.runId = runId;
        this.name = name;
        this.sparkVersion = sparkVersion;
        this.triggerType = triggerType;
        this.configuredMs = configuredMs;
        this.manageable = manageable;
    }
}
