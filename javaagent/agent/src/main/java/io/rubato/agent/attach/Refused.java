package io.rubato.agent.attach;

/** Why a command was not carried out, in words for its user, with the exit code that says so to a script. */
final class Refused extends Exception {
    private static final long serialVersionUID = 1L;

    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int NO_SUCH_JVM = 3;
    static final int NOT_ALLOWED = 4;

    final int exitCode;

    Refused(int exitCode, String why) {
        super(why);
        this.exitCode = exitCode;
    }
}
