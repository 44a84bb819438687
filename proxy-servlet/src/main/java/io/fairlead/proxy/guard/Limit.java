package io.fairlead.proxy.guard;

/** A limit that refuses handshakes, and what its clients are told. */
public enum Limit {
    MAX_TUNNELS("maxTunnels", 503, "Too many connections are open here."),
    MAX_TUNNELS_PER_ADDRESS("maxTunnelsPerAddress", 429, "Too many connections are open from your address."),
    HANDSHAKE_RATE_PER_ADDRESS("handshakeRatePerAddress", 429, "Too many connections are asked for from your address."),
    MAX_HANDSHAKES("maxHandshakes", 503, "Too many connections are being opened here.");

    private final String setting;
    private final int status;
    private final String sentence;

    Limit(String setting, int status, String sentence) {
        this.setting = setting;
        this.status = status;
        this.sentence = sentence;
    }

    /** The name of the setting, for the log. */
    public String setting() {
        return setting;
    }

    /** Of the answer: 429 where the client's own address is over its limit (RFC 6585 section 4), else 503. */
    public int status() {
        return status;
    }

    /** For the client. */
    public String sentence() {
        return sentence;
    }
}
