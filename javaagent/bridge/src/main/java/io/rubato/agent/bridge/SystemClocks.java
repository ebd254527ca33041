package io.rubato.agent.bridge;

/** The clocks of the machine. */
public final class SystemClocks implements Clock {
    @Override
    public long wallMs() {
        return System.currentTimeMillis();
    }

    @Override
    public long nanos() {
        return System.nanoTime();
    }

    @Override
    public void await(Object monitor, long millis) throws InterruptedException {
        monitor.wait(millis);
    }
}
