package io.fairlead.relay;

/** What becomes of a message that a filter has seen. */
public sealed interface Verdict {

    /** It goes on as it is. */
    static Verdict pass() {
        return Pass.PASS;
    }

    /**
     * Another goes on in its place.
     *
     * @param instead whole; of the same kind where it stands for one part of several
     */
    static Verdict change(Message instead) {
        return new Change(instead);
    }

    /** It goes no further; of a message in parts: all of it if this was said to the first part, else this part. */
    static Verdict drop() {
        return Drop.DROP;
    }

    /** It goes no further, and its sender gets this message back, which no filter sees. */
    static Verdict answer(Message answer) {
        return new Answer(answer);
    }

    /**
     * It goes no further, and the tunnel is closed on both sides.
     *
     * @param code 1000 to 1003, 1007 to 1014, or 3000 to 4999
     * @param reason at most 123 bytes, the rest is cut
     */
    static Verdict close(int code, String reason) {
        return new Close(code, reason);
    }

    /** See {@link #pass}. */
    enum Pass implements Verdict {
        PASS
    }

    /** See {@link #drop}. */
    enum Drop implements Verdict {
        DROP
    }

    /** See {@link #change}. */
    record Change(Message instead) implements Verdict {}

    /** See {@link #answer}. */
    record Answer(Message answer) implements Verdict {}

    /** See {@link #close}. */
    record Close(int code, String reason) implements Verdict {

        /** @throws IllegalArgumentException for a code that may not be sent */
        public Close {
            if (!CloseCode.maySend(code)) {
                throw new IllegalArgumentException("a Close frame can't have the code " + code);
            }
        }
    }
}
