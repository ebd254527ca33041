package io.rubato.agent.core.control;

import io.rubato.agent.bridge.Hook;
import java.util.Map;
import java.util.TreeMap;

/** Counters summed over runs. */
final class Totals {
    final Map<String, Long> firings = new TreeMap<>();
    final Map<String, Long> refused = new TreeMap<>();
    long applied;
    long expired;

    void add(TrackedRun run) {
        for (Hook hook : Hook.values()) {
            firings.merge(hook.method, run.state.firings(hook), Long::sum);
        }
        run.refusedBy().forEach((reason, count) -> refused.merge(reason, count, Long::sum));
        applied += run.applied();
        expired += run.expired();
    }

    void add(Totals other) {
        other.firings.forEach((method, count) -> firings.merge(method, count, Long::sum));
        other.refused.forEach((reason, count) -> refused.merge(reason, count, Long::sum));
        applied += other.applied;
        expired += other.expired;
    }
}
