package io.fairlead.demo;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.websocket.CloseReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ChatRoomTest {
    private final ChatRoom room = new ChatRoom();

    @Test
    void commentReachesEveryoneWithItsName() {
        Client anna = new Client("Anna");
        Client ben = new Client("Ben");
        anna.says("Hello");
        assertThat(anna.received).containsExactly("welcome\nAnna\n", "join\nBen\n", "say\nAnna\nHello");
        assertThat(ben.received).containsExactly("welcome\nBen\nAnna", "say\nAnna\nHello");
    }

    @Test
    void leavingIsToldToTheOthers() {
        Client anna = new Client("Anna");
        Client ben = new Client("Ben");
        ben.leaves();
        anna.says("Gone?");
        assertThat(anna.received).endsWith("leave\nBen\n", "say\nAnna\nGone?");
        assertThat(ben.received).containsExactly("welcome\nBen\nAnna");
    }

    @Test
    void namelessGuestHearsNothingAndIsNotMissed() {
        Client anna = new Client("Anna");
        Client nobody = new Client();
        anna.says("Hello");
        nobody.leaves();
        assertThat(nobody.received).isEmpty();
        assertThat(anna.received).containsExactly("welcome\nAnna\n", "say\nAnna\nHello");
    }

    @Test
    void takenNameGetsANumber() {
        new Client("Anna");
        new Client("Anna");
        assertThat(new Client("Anna").received).first().asString().startsWith("welcome\nAnna 3\n");
    }

    @Test
    void nameCannotForgeAMessage() {
        assertThat(new Client("Eve\nsay\u2028x").received).containsExactly("welcome\nEve say x\n");
    }

    @Test
    void nameThatIsEmptyOrTooLongIsRefused() {
        Client client = new Client(" \t");
        client.says("x".repeat(ChatRoom.LONGEST_NAME + 1));
        assertThat(client.received).hasSize(2).allSatisfy(message -> assertThat(message)
                .isEqualTo("note\n\nA name has 1 to 24 characters."));
        client.says("x".repeat(ChatRoom.LONGEST_NAME));
        assertThat(client.received).last().asString().startsWith("welcome");
    }

    @Test
    void commentThatIsTooLongGoesToNobody() {
        Client anna = new Client("Anna");
        Client ben = new Client("Ben");
        anna.says("x".repeat(ChatRoom.LONGEST_COMMENT + 1));
        assertThat(anna.received).last().isEqualTo("note\n\nA comment has at most 500 characters.");
        anna.says("x".repeat(ChatRoom.LONGEST_COMMENT));
        assertThat(ben.received).hasSize(2).last().asString().startsWith("say\nAnna\nx");
    }

    @Test
    void fullRoomSendsTheNextOneAwayAndTakesAnotherWhenOneLeft() {
        Client first = new Client();
        for (int i = 1; i < ChatRoom.MOST_GUESTS; i++) new Client();
        Client late = new Client();
        assertThat(late.guest).isNull();
        assertThat(late.hungUp).isEqualTo(ChatRoom.FULL);
        first.leaves();
        assertThat(new Client().guest).isNotNull();
    }

    @Test
    void slowReaderIsSentAwayAndHoldsUpNobody() {
        Client slow = new Client();
        slow.reads = false;
        slow.says("Slow");
        Client anna = new Client("Anna");
        // Besides the welcome that is being sent, what may wait is Anna's arrival and these.
        for (int i = 1; i < ChatRoom.MOST_WAITING; i++) anna.says("comment " + i);
        assertThat(slow.hungUp).isNull();
        anna.says("one too many");
        assertThat(slow.hungUp).isEqualTo(ChatRoom.SLOW);
        assertThat(anna.received).last().isEqualTo("say\nAnna\none too many");
    }

    @Test
    void messagesGoOneAtATimeAndInOrder() {
        Client slow = new Client();
        slow.reads = false;
        slow.says("Slow");
        Client anna = new Client("Anna");
        anna.says("1");
        anna.says("2");
        assertThat(slow.received).hasSize(1);
        slow.readsOn();
        assertThat(slow.received).containsExactly("welcome\nSlow\n", "join\nAnna\n", "say\nAnna\n1", "say\nAnna\n2");
    }

    @Test
    void failedSendEndsTheSession() {
        Client broken = new Client();
        broken.reads = false;
        broken.says("Broken");
        Objects.requireNonNull(broken.pending).accept(false);
        assertThat(broken.hungUp).isEqualTo(ChatRoom.SLOW);
    }

    /** One session, in memory. It reads at once unless told otherwise. */
    private final class Client implements ChatRoom.Line {
        private final List<String> received = new ArrayList<>();
        private final ChatRoom.@Nullable Guest guest;
        private boolean reads = true;
        private @Nullable Consumer<Boolean> pending;
        private @Nullable CloseReason hungUp;

        Client() {
            guest = room.enter(this);
        }

        Client(String name) {
            this();
            says(name);
        }

        void says(String message) {
            room.hear(Objects.requireNonNull(guest), message);
        }

        void leaves() {
            room.leave(Objects.requireNonNull(guest));
        }

        void readsOn() {
            reads = true;
            Objects.requireNonNull(pending).accept(true);
        }

        @Override
        public void send(String message, Consumer<Boolean> done) {
            received.add(message);
            if (reads) done.accept(true);
            else pending = done;
        }

        @Override
        public void hangUp(CloseReason reason) {
            hungUp = reason;
        }
    }
}
