package io.rubato.agent.core.wire;

import java.util.List;
import java.util.Map;

/** What the sender asks about a run when it writes, beyond what the message itself holds. */
public interface RunReport {
    /** One source of a query, as far as the plan tells. */
    final class Source {
        final String name;
        final Map<String, String> options;

        public Source(String name, Map<String, String> options) {
            this.name = name;
            this.options = options;
        }
    }

    /** A message of this run is handed to the producer now. */
    void sent(long seq, long nowNs);

    /** The sources of the run's plan; empty where they cannot be had. */
    List<Source> sources();

    /** Spark's own JSON of a progress event. */
    String progressJson(Object event) throws Exception;

    /** The exception that ended the run, or null. */
    String exceptionOf(Object event);

    long applied();

    long clamped();

    /** Refusals by reason, those with a count above zero. */
    Map<String, Long> refusedBy();

    long roundTrips(int bucket);

    int roundTripBuckets();

    double roundTripBase();
}
