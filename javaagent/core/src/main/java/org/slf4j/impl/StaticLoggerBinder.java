package org.slf4j.impl;

import org.slf4j.ILoggerFactory;
import org.slf4j.spi.LoggerFactoryBinder;

/** Found by slf4j by its name. */
public final class StaticLoggerBinder implements LoggerFactoryBinder {
    /** Read by slf4j by its name; not a constant, so that it is not inlined. */
    public static String REQUESTED_API_VERSION = "1.7";

    private static final StaticLoggerBinder SINGLETON = new StaticLoggerBinder();

    private StaticLoggerBinder() {
    }

    public static StaticLoggerBinder getSingleton() {
        return SINGLETON;
    }

    @Override
    public ILoggerFactory getLoggerFactory() {
        return ClientLogger::new;
    }

    @Override
    public String getLoggerFactoryClassStr() {
        return ClientLogger.class.getName();
    }
}
