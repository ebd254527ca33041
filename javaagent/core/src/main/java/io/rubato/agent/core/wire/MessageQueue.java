package io.rubato.agent.core.wire;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Bounded; when it is full the oldest message goes, and its run counts it. Offering never waits for room. Spark's progress
 * reports, which are as large as Spark makes them, are an eighth of it at most: beyond that the oldest of them goes.
 *
 * <p>To wake the sleeping sender costs the stream thread a system call, and the driver a request to the broker. So a message
 * that another follows soon does not wake it: it goes with that one, or with {@link #wake}.
 */
public final class MessageQueue {
    private final ArrayDeque<Message> messages;
    private final int capacity;
    private final int mostReports;
    private final AtomicLong dropped = new AtomicLong();
    private int reports;

    public MessageQueue(int capacity) {
        this.capacity = capacity;
        this.mostReports = Math.max(1, capacity / 8);
        this.messages = new ArrayDeque<>(capacity);
    }

    public synchronized void offer(Message message) {
        boolean report = isReport(message);
        if (report && reports == mostReports) {
            dropOldest(true);
        } else if (messages.size() == capacity) {
            dropOldest(false);
        }
        messages.addLast(message);
        reports += report ? 1 : 0;
        if (!message.type.isFollowed) {
            notifyAll();
        }
    }

    private static boolean isReport(Message message) {
        return message.type == Message.Type.PROGRESS;
    }

    private void dropOldest(boolean amongReports) {
        for (Iterator<Message> all = messages.iterator(); all.hasNext();) {
            Message oldest = all.next();
            if (isReport(oldest) || !amongReports) {
                all.remove();
                dropped(leaves(oldest));
                return;
            }
        }
    }

    /** Counts a message that will not reach the broker, its run's end or not. */
    public void dropped(Message message) {
        message.run.drops.incrementAndGet();
        dropped.incrementAndGet();
    }

    /** How many were dropped, of all runs that there were. */
    public long dropped() {
        return dropped.get();
    }

    private Message leaves(Message message) {
        reports -= isReport(message) ? 1 : 0;
        return message;
    }

    /** Lets whoever waits take what is there. */
    public synchronized void wake() {
        notifyAll();
    }

    /** Waits until a message is there. */
    public synchronized void await() throws InterruptedException {
        while (messages.isEmpty()) {
            wait();
        }
    }

    /** @return the next message, or null where none is there */
    public synchronized Message poll() {
        return messages.isEmpty() ? null : leaves(messages.removeFirst());
    }
}
