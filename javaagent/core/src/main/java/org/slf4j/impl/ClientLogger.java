package org.slf4j.impl;

import io.rubato.agent.core.AgentLog;
import org.slf4j.helpers.FormattingTuple;
import org.slf4j.helpers.MarkerIgnoringBase;
import org.slf4j.helpers.MessageFormatter;

/** One logger of a library: warnings and errors, and only where the agent's own log is at debug. */
final class ClientLogger extends MarkerIgnoringBase {
    private static final long serialVersionUID = 1L;

    ClientLogger(String name) {
        this.name = name;
    }

    private void say(FormattingTuple formatted) {
        if (AgentLog.isDebug()) {
            Throwable thrown = formatted.getThrowable();
            AgentLog.debug(name + ": " + formatted.getMessage() + (thrown == null ? "" : " (" + thrown + ")"));
        }
    }

    @Override
    public boolean isTraceEnabled() {
        return false;
    }

    @Override
    public void trace(String msg) {
    }

    @Override
    public void trace(String format, Object arg) {
    }

    @Override
    public void trace(String format, Object arg1, Object arg2) {
    }

    @Override
    public void trace(String format, Object... arguments) {
    }

    @Override
    public void trace(String msg, Throwable t) {
    }

    @Override
    public boolean isDebugEnabled() {
        return false;
    }

    @Override
    public void debug(String msg) {
    }

    @Override
    public void debug(String format, Object arg) {
    }

    @Override
    public void debug(String format, Object arg1, Object arg2) {
    }

    @Override
    public void debug(String format, Object... arguments) {
    }

    @Override
    public void debug(String msg, Throwable t) {
    }

    @Override
    public boolean isInfoEnabled() {
        return false;
    }

    @Override
    public void info(String msg) {
    }

    @Override
    public void info(String format, Object arg) {
    }

    @Override
    public void info(String format, Object arg1, Object arg2) {
    }

    @Override
    public void info(String format, Object... arguments) {
    }

    @Override
    public void info(String msg, Throwable t) {
    }

    @Override
    public boolean isWarnEnabled() {
        return AgentLog.isDebug();
    }

    @Override
    public void warn(String msg) {
        say(new FormattingTuple(msg));
    }

    @Override
    public void warn(String format, Object arg) {
        say(MessageFormatter.format(format, arg));
    }

    @Override
    public void warn(String format, Object... arguments) {
        say(MessageFormatter.arrayFormat(format, arguments));
    }

    @Override
    public void warn(String format, Object arg1, Object arg2) {
        say(MessageFormatter.format(format, arg1, arg2));
    }

    @Override
    public void warn(String msg, Throwable t) {
        say(new FormattingTuple(msg, null, t));
    }

    @Override
    public boolean isErrorEnabled() {
        return AgentLog.isDebug();
    }

    @Override
    public void error(String msg) {
        warn(msg);
    }

    @Override
    public void error(String format, Object arg) {
        warn(format, arg);
    }

    @Override
    public void error(String format, Object arg1, Object arg2) {
        warn(format, arg1, arg2);
    }

    @Override
    public void error(String format, Object... arguments) {
        warn(format, arguments);
    }

    @Override
    public void error(String msg, Throwable t) {
        warn(msg, t);
    }
}
