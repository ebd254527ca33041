package io.rubato.agent.core.control;

/** Why a decision was not obeyed. */
public enum Refusal {
    MALFORMED("malformed"),
    RUN_ID("runId"),
    ORDER("order"),
    CONFLICT("conflict"),
    UNMANAGEABLE("unmanageable"),
    HOOKS("hooks"),
    UNSIGNED("unsigned"),
    SIGNATURE("signature");

    public final String wireName;

    Refusal(String wireName) {
        this.wireName = wireName;
    }
}
