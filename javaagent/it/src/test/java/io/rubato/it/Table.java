package io.rubato.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Writes the compatibility table between its markers, cell by cell from what ran: {@code java Table.java MATRIX.TSV README.md}.
 * A cell that did not run is empty. It runs from its source, so it uses nothing but the JDK.
 */
final class Table {
    private static final String BEGIN = "<!-- compatibility: written by make it-all -->";
    private static final String END = "<!-- end of compatibility -->";
    private static final Map<String, String> SIGNS = Map.of("held", "yes", "failed", "**no**", "not tried", "–");

    private final TreeSet<String> sparks = new TreeSet<>(Comparator.comparing(Table::inOrder));
    private final TreeMap<Integer, String> rows = new TreeMap<>();
    private final Map<String, String> cells = new HashMap<>();
    private final List<String> notes = new ArrayList<>();
    private final TreeSet<String> dates = new TreeSet<>();

    public static void main(String[] arguments) throws IOException {
        Table table = new Table();
        for (String line : Files.readAllLines(Path.of(arguments[0]))) {
            table.read(line.split("\t", -1));
        }
        Path readme = Path.of(arguments[1]);
        String text = Files.readString(readme);
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new IllegalStateException(readme + " has not the markers " + BEGIN + " and " + END);
        }
        Files.writeString(readme, text.substring(0, begin + BEGIN.length()) + "\n" + table + "\n" + text.substring(end));
    }

    /** Versions by their numbers. */
    private static String inOrder(String spark) {
        StringBuilder key = new StringBuilder();
        for (String part : spark.split("[._@]")) {
            key.append(String.format("%4s", part));
        }
        return key.toString();
    }

    private void read(String[] fields) {
        String spark = fields[0];
        int row = Integer.parseInt(fields[1]);
        sparks.add(spark);
        rows.put(row, fields[2]);
        dates.add(fields[4]);
        String sign = SIGNS.get(fields[3]);
        if (!fields[5].isEmpty()) {
            if (!notes.contains(fields[5])) {
                notes.add(fields[5]);
            }
            sign += "<sup>" + (notes.indexOf(fields[5]) + 1) + "</sup>";
        }
        // One test that failed outweighs all that held, whichever came first.
        String before = cells.get(spark + row);
        if (before == null || before.equals(SIGNS.get("held"))) {
            cells.put(spark + row, sign);
        }
    }

    @Override
    public String toString() {
        List<String> lines = new ArrayList<>();
        List<String> head = sparks.stream().map(spark -> spark.replace("_", "<br>Scala ").replace("@", "<br>JDK ")).toList();
        lines.add("");
        lines.add("| what holds, on real Spark | " + String.join(" | ", head) + " |");
        lines.add("|---|" + "---|".repeat(sparks.size()));
        rows.forEach((row, text) -> lines.add("| " + text + " | "
                + String.join(" | ", sparks.stream().map(spark -> cells.getOrDefault(spark + row, "")).toList()) + " |"));
        lines.add("");
        for (int i = 0; i < notes.size(); i++) {
            lines.add("<sup>" + (i + 1) + "</sup> " + notes.get(i) + ".  ");
        }
        lines.add("Ran on " + (dates.size() == 1 ? dates.first() : dates.first() + " to " + dates.last()) + " (`make it-all`).");
        return String.join("\n", lines) + "\n";
    }
}
