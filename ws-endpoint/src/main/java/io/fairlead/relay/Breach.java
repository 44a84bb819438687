package io.fairlead.relay;

import io.fairlead.proxy.tunnel.TunnelEnd.Reason;

/** A peer's message, or a filter's verdict on it, ends the tunnel. */
final class Breach extends Exception {

    private static final long serialVersionUID = 1;

    private final Reason reason;
    private final int code;

    Breach(Reason reason, int code, String text) {
        super(text, null, false, false);
        this.reason = reason;
        this.code = code;
    }

    static Breach ofProtocol(int code, String text) {
        return new Breach(Reason.PROTOCOL, code, text);
    }

    Reason reason() {
        return reason;
    }

    int code() {
        return code;
    }

    /** What a Close frame has room for, and what is told to nobody else than both peers and the log. */
    String text() {
        return String.valueOf(getMessage());
    }
}
