package io.rubato.it;

import java.util.Arrays;
import java.util.List;

/** What Spark's own listener in the job was told of a query's triggers: the answer to {@code told}. */
record Told(List<String> words) {
    /** With this the listener is told of every empty trigger. */
    static final String OF_ALL = "conf.spark.sql.streaming.noDataProgressEventInterval=0";

    static Told read(String answer) {
        String words = answer.substring(1, answer.length() - 1);
        return new Told(words.isEmpty() ? List.of() : Arrays.asList(words.split(",")));
    }

    boolean ended() {
        return words.contains("ended");
    }

    long batches() {
        return words.stream().filter(word -> word.startsWith("batch@")).count();
    }

    long emptyTriggers() {
        return words.stream().filter(word -> word.startsWith("empty@")).count();
    }

    Told afterFirstBatch() {
        long before = words.stream().takeWhile(word -> !word.startsWith("batch@")).count();
        return new Told(words.stream().skip(before + 1).toList());
    }

    /** When each trigger began, in order. */
    List<Long> starts() {
        return words.stream().filter(word -> word.contains("@")).map(word -> Long.valueOf(word.replaceAll(".*@", ""))).toList();
    }
}
