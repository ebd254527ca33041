package io.rubato.agent.core.control;

import io.rubato.agent.bridge.Hook;
import io.rubato.agent.bridge.StreamHooks;
import io.rubato.agent.core.AgentLog;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import javax.management.JMException;
import javax.management.ObjectName;

/** The agent's figures, as a JMX bean and as a line of the log. */
public final class AgentStatus implements AgentMXBean {
    public static final String NAME = "io.rubato:type=Agent";

    private final String version;
    private final Runs runs;

    public AgentStatus(String version, Runs runs) {
        this.version = version;
        this.runs = runs;
    }

    /** Shows the bean; a JVM that has no JMX, or forbids it, is left without. */
    public void register() {
        try {
            ManagementFactory.getPlatformMBeanServer().registerMBean(this, new ObjectName(NAME));
        } catch (JMException | RuntimeException | LinkageError refused) {
            AgentLog.warn("no JMX bean: " + refused);
        }
    }

    public void unregister() {
        try {
            ManagementFactory.getPlatformMBeanServer().unregisterMBean(new ObjectName(NAME));
        } catch (JMException | RuntimeException | LinkageError neverThere) {
            AgentLog.debug("no JMX bean to take away: " + neverThere);
        }
    }

    /** The same figures in one line. */
    public String line() {
        Totals totals = runs.totals();
        return "so far: " + getQueries().size() + " queries, " + getManagedQueries().size() + " managed; hook firings "
                + totals.firings + "; advice errors " + getAdviceErrors() + "; messages dropped " + getDroppedMessages()
                + "; commands applied " + totals.applied + ", refused " + sum(totals.refused) + ' ' + totals.refused
                + ", expired " + totals.expired;
    }

    private static long sum(Map<String, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    @Override
    public String getVersion() {
        return version;
    }

    @Override
    public List<String> getQueries() {
        return keys(run -> true);
    }

    @Override
    public List<String> getManagedQueries() {
        return keys(run -> run.state.inForce(run.state.clock().nanos()) != null);
    }

    private List<String> keys(Predicate<TrackedRun> wanted) {
        return runs.all().stream().filter(run -> !run.state.isExited()).filter(wanted)
                .map(run -> run.state.identity.key).collect(Collectors.toCollection(TreeSet::new))
                .stream().collect(Collectors.toList());
    }

    @Override
    public String getMissingHooks() {
        return Hook.missing();
    }

    @Override
    public Map<String, Long> getHookFirings() {
        return runs.totals().firings;
    }

    @Override
    public long getAdviceErrors() {
        return StreamHooks.adviceErrors();
    }

    @Override
    public long getDroppedMessages() {
        return runs.dropped();
    }

    @Override
    public long getCommandsApplied() {
        return runs.totals().applied;
    }

    @Override
    public Map<String, Long> getCommandsRefused() {
        return runs.totals().refused;
    }

    @Override
    public long getCommandsExpired() {
        return runs.totals().expired;
    }
}
