package io.rubato.agent.core.wire;

/** A message on the decisions topic that is none. Carries no stack trace: a stranger may send many. */
public final class MalformedDecision extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedDecision(String why) {
        super(why, null, false, false);
    }
}
