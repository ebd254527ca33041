package io.rubato.agent.core.wire;

import java.util.ArrayDeque;

/**
 * Bounded; when it is full the oldest message goes, and its run counts it. Offering never waits for room.
 *
 * <p>To wake the sleeping sender costs the stream thread a system call. So a message that another follows soon does not
 * wake it: it goes with that one, or with {@link #wake}.
 */
public final class MessageQueue {
    private final ArrayDeque<Message> messages;
    private final int capacity;

    public MessageQueue(int capacity) {
        this.capacity = capacity;
        this.messages = new ArrayDeque<>(capacity);
    }

    public synchronized void offer(Message message) {
        if (messages.size() == capacity) {
            messages.removeFirst().run.drops.incrementAndGet();
        }
        messages.addLast(message);
        if (!message.type.isFollowed) {
            notifyAll();
        }
    }

    /** Lets whoever waits take what is there. */
    public synchronized void wake() {
        notifyAll();
    }

    /** Waits for the next message. */
    public synchronized Message take() throws InterruptedException {
        while (messages.isEmpty()) {
            wait();
        }
        return messages.removeFirst();
    }

    /** @return the next message, or null where none is there */
    public synchronized Message poll() {
        return messages.pollFirst();
    }

    public synchronized int size() {
        return messages.size();
    }
}
