package io.rubato.agent.core.control;

import java.util.List;
import java.util.Map;

/** What the agent did in this JVM since it was put in, over all runs, for JMX under {@link AgentStatus#NAME}. */
public interface AgentMXBean {
    String getVersion();

    /** The keys of the live queries that the agent follows. */
    List<String> getQueries();

    /** Of those, the ones under a command now. */
    List<String> getManagedQueries();

    /** The required hooks that are not in place; empty where all are. */
    String getMissingHooks();

    /** Firings by the hooked method's name. */
    Map<String, Long> getHookFirings();

    /** How often an advice failed, and Spark's own code ran instead. */
    long getAdviceErrors();

    /** Messages that the full queue or the broker did not take. */
    long getDroppedMessages();

    long getCommandsApplied();

    /** Refused commands by reason. */
    Map<String, Long> getCommandsRefused();

    /** Commands whose lease ended before another came. */
    long getCommandsExpired();
}
