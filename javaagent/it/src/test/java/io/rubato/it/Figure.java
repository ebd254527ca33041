package io.rubato.it;

import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What the classes of figures print, and how they sum it up. */
final class Figure {
    private Figure() {
    }

    /** One line, with the load average of the last minute: other people's work is in every figure. */
    static void say(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, "FIGURE " + format + " [load %.1f]", append(values,
                ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage())));
    }

    private static Object[] append(Object[] values, double load) {
        Object[] all = Arrays.copyOf(values, values.length + 1);
        all[values.length] = load;
        return all;
    }

    static double quantile(List<Double> values, double q) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.get((int) Math.min(sorted.size() - 1, Math.floor(q * sorted.size())));
    }

    static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
    }

    /** Mean, median, 95th and 99th percentile, and the worst. */
    static String spread(List<Double> values, String unit) {
        return String.format(Locale.ROOT, "mean %.1f, p50 %.1f, p95 %.1f, p99 %.1f, worst %.1f %s (%d)", mean(values),
                quantile(values, 0.5), quantile(values, 0.95), quantile(values, 0.99), quantile(values, 1), unit, values.size());
    }
}
