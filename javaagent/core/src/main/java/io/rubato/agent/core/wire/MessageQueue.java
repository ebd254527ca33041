package io.rubato.agent.core.wire;

import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Bounded; when it is full the oldest message goes, and its run counts it. Offering never waits for room.
 *
 * <p>A message that another follows soon is not taken before that one comes, or {@link #wake} is called. And to wake the
 * sleeping sender costs the stream thread a system call: a sender that knows when a wait ends looks by itself a little
 * later, and is not woken for what a trigger has said by then.
 */
public final class MessageQueue {
    /** How long after the end of a wait the sender looks: most empty triggers are over by then. */
    private static final long LOOK_NS = 20_000_000;

    private final ArrayDeque<Message> messages;
    private final int capacity;
    private final LongSupplier clock;
    /** Whether some of what is here is to be taken now. */
    private boolean wanted;
    /** Whether the sender sleeps no longer than until {@link #lookNs}. */
    private boolean looks;
    private long lookNs;

    public MessageQueue(int capacity) {
        this(capacity, System::nanoTime);
    }

    /** @param clock monotonic, in nanoseconds */
    MessageQueue(int capacity, LongSupplier clock) {
        this.capacity = capacity;
        this.clock = clock;
        this.messages = new ArrayDeque<>(capacity);
    }

    public synchronized void offer(Message message) {
        if (messages.size() == capacity) {
            messages.removeFirst().run.drops.incrementAndGet();
        }
        messages.addLast(message);
        if (!message.type.isFollowed) {
            wake();
        }
    }

    /** Lets whoever waits take what is there, unless it looks by itself about now. */
    public synchronized void wake() {
        wanted = !messages.isEmpty();
        if (wanted && !(looks && lookNs - clock.getAsLong() <= LOOK_NS)) {
            notifyAll();
        }
    }

    /**
     * Waits for the next message.
     *
     * @param waitLeftNs how long until a wait in progress ends, or {@link Long#MAX_VALUE} where there is none; called with
     *     this queue's monitor held, so it must take no run's
     */
    public synchronized Message take(LongSupplier waitLeftNs) throws InterruptedException {
        while (!wanted) {
            long left = waitLeftNs.getAsLong();
            looks = left != Long.MAX_VALUE;
            if (looks) {
                lookNs = clock.getAsLong() + left + LOOK_NS;
                TimeUnit.NANOSECONDS.timedWait(this, left + LOOK_NS);
            } else {
                wait();
            }
        }
        looks = false;
        return poll();
    }

    /** @return the next message, or null where none is there */
    public synchronized Message poll() {
        Message next = messages.pollFirst();
        wanted &= !messages.isEmpty();
        return next;
    }

    public synchronized int size() {
        return messages.size();
    }
}
