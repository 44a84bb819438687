package io.fairlead.demo;

import jakarta.websocket.CloseReason;
import jakarta.websocket.CloseReason.CloseCodes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * People who see each other's comments. Everyone sees the same messages in the same order.
 *
 * <p>A message to a guest is three parts with a line feed between them, of which only the last may have more of them:
 *
 * <pre>
 *   welcome NAME OTHERS    to the guest: your name, which may differ from what you asked for, and who is here besides
 *   join    NAME           to the others
 *   say     NAME COMMENT   to all
 *   leave   NAME           to the others
 *   note         TEXT      to one: why what you sent was not passed on
 * </pre>
 *
 * <p>All is bounded: the guests, their names, a comment, and what waits for a guest who reads slowly. Such a guest is
 * sent away and holds up nobody: no method blocks, and nothing is sent while a lock is held. Thread-safe.
 */
final class ChatRoom {
    static final int MOST_GUESTS = 100;

    /** In characters, as the next two. */
    static final int LONGEST_NAME = 24;

    static final int LONGEST_COMMENT = 500;

    /** Messages that may wait for one guest. */
    static final int MOST_WAITING = 64;

    static final CloseReason FULL = new CloseReason(CloseCodes.TRY_AGAIN_LATER, "the room is full");
    static final CloseReason SLOW = new CloseReason(CloseCodes.TRY_AGAIN_LATER, "too slow");

    /** The way to one guest. */
    interface Line {
        /** Sends without waiting; {@code done} is told whether it went, and is called once, from any thread. */
        void send(String message, Consumer<Boolean> done);

        /** Ends the session; {@link #leave} follows. */
        void hangUp(CloseReason reason);
    }

    private final Object lock = new Object();
    private final Set<Guest> guests = new LinkedHashSet<>();

    /** Lets someone in, nameless until the first message. Returns null, and hangs up, if the room is full. */
    @Nullable
    Guest enter(Line line) {
        synchronized (lock) {
            if (guests.size() < MOST_GUESTS) {
                Guest guest = new Guest(line);
                guests.add(guest);
                return guest;
            }
        }
        line.hangUp(FULL);
        return null;
    }

    /** Takes one message of a guest: the name first, then comments. */
    void hear(Guest guest, String message) {
        List<Guest> told = new ArrayList<>();
        synchronized (lock) {
            if (!guests.contains(guest)) return;
            if (guest.name == null) admit(guest, message, told);
            else if (message.isBlank()) return;
            else if (message.length() > LONGEST_COMMENT)
                tell(guest, "note", "", "A comment has at most " + LONGEST_COMMENT + " characters.", told);
            else for (Guest each : named()) tell(each, "say", guest.name, message, told);
        }
        told.forEach(Guest::flush);
    }

    private void admit(Guest guest, String wanted, List<Guest> told) {
        String clean = wanted.replaceAll("[\\p{Cntrl}\\p{Zl}\\p{Zp}]+", " ").strip();
        if (clean.isEmpty() || clean.length() > LONGEST_NAME) {
            tell(guest, "note", "", "A name has 1 to " + LONGEST_NAME + " characters.", told);
            return;
        }
        Set<String> taken = named().stream().map(Guest::name).collect(Collectors.toSet());
        String name = clean;
        for (int i = 2; taken.contains(name); i++) name = clean + " " + i;
        for (Guest other : named()) tell(other, "join", name, "", told);
        guest.name = name;
        tell(guest, "welcome", name, String.join(", ", taken), told);
    }

    /** Forgets a guest whose session has ended. */
    void leave(Guest guest) {
        List<Guest> told = new ArrayList<>();
        synchronized (lock) {
            if (!guests.remove(guest)) return;
            if (guest.name != null) for (Guest other : named()) tell(other, "leave", guest.name, "", told);
        }
        told.forEach(Guest::flush);
    }

    private List<Guest> named() {
        return guests.stream().filter(guest -> guest.name != null).toList();
    }

    private static void tell(Guest guest, String kind, String name, String text, List<Guest> told) {
        guest.queue(kind + "\n" + name + "\n" + text);
        told.add(guest);
    }

    /** One session in the room. */
    static final class Guest {
        private final Line line;

        /** Guarded by the room's lock. */
        private @Nullable String name;

        private final Queue<String> waiting = new ArrayDeque<>();
        private boolean sending;
        private boolean slow;

        private Guest(Line line) {
            this.line = line;
        }

        private String name() {
            return name == null ? "" : name;
        }

        private synchronized void queue(String message) {
            if (waiting.size() < MOST_WAITING) waiting.add(message);
            else slow = true;
        }

        /** Sends what waits, one message at a time: not every container takes a second before the first has gone. */
        private void flush() {
            String next;
            synchronized (this) {
                if (slow) {
                    waiting.clear();
                    next = null;
                } else {
                    if (sending || waiting.isEmpty()) return;
                    sending = true;
                    next = waiting.remove();
                }
            }
            if (next == null) line.hangUp(SLOW);
            else line.send(next, this::sent);
        }

        private void sent(boolean went) {
            synchronized (this) {
                sending = false;
                if (!went) slow = true;
            }
            flush();
        }
    }
}
