package io.rubato.agent.core.control;

import java.util.LinkedHashMap;
import java.util.Map;

/** Keeps the entries that were used last, up to a number; an older one is forgotten. */
public final class Remembered<K, V> extends LinkedHashMap<K, V> {
    private static final long serialVersionUID = 1L;

    private final int most;

    public Remembered(int most) {
        super(16, 0.75f, true);
        this.most = most;
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
        return size() > most;
    }
}
