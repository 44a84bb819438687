package io.fairlead.suite.reports;

/** What five reports from the field had trouble with, a line of the table each. */
public enum Trouble {
    A1(Report.HIXIE_76, "The session is opened by a plain GET, its id stands in the path"),
    A2(Report.HIXIE_76, "Eight bytes behind the handshake's head: glued to it, split, one by one"),
    A3(Report.HIXIE_76, "Backends that answer before they have the eight bytes, and such as wait for them"),
    A4(Report.HIXIE_76, "The keys reach the backend byte for byte, runs of spaces too"),
    A5(Report.HIXIE_76, "Spelling and values of the answer's fields; none is added"),
    A6(Report.HIXIE_76, "Sec-WebSocket-Location is what the client asked for"),
    A7(Report.HIXIE_76, "The server speaks first, or closes behind its head; draft 75; hybi-08"),
    B1(Report.BLOCKED, "wss on the server's own port; unknown extensions pass, RSV bits unread"),
    B2(Report.BLOCKED, "Long polls, streaming and event streams are not held back; bodies over 1 MB"),
    B3(Report.BLOCKED, "An upgrade is refused before the 101; WebSocket is taken from Socket.IO 0.9's list"),
    C1(Report.TLS_IN_FRONT, "Certificate with its intermediate; compression is the peers' own business"),
    C3(Report.TLS_IN_FRONT, "Several Set-Cookie fields stay several"),
    D1(Report.MAPPED_CONNECTION, "Connection follows Upgrade; Host as it came, port included"),
    D2(Report.MAPPED_CONNECTION, "A refused handshake reaches the client with its fields and body, chunked too"),
    D3(Report.MAPPED_CONNECTION, "Dead backend 502, silent backend 504; ends and resets pass, both ways"),
    E1(Report.BALANCER, "Any Upgrade, raw bytes behind it, and before the 101; a CRLF behind the head is payload"),
    E2(Report.BALANCER, "Absolute request targets, any case, Connection: keep-alive, Upgrade"),
    E3(Report.BALANCER, "Half-close with the last bytes; silence beyond the HTTP timeout"),
    E4(Report.BALANCER, "X-Forwarded-* and Forwarded are right; forged ones replaced, trusted ones continued"),
    F1(Report.RFC_6455, "Frames glued to the 101, fragments, every length, 100 MB without a buffer for it"),
    F2(Report.RFC_6455, "Close codes and reasons, pings and pongs, subprotocol, fields of the 101"),
    F3(Report.RFC_6455, "A slow reader costs no memory"),
    F4(Report.RFC_6455, "No request is smuggled behind an Upgrade");

    /** A report. */
    public enum Report {
        HIXIE_76("An old Socket.IO client behind a proxy (hixie-76)"),
        BLOCKED("WebSocket is blocked, or opens and carries nothing"),
        TLS_IN_FRONT("TLS in front of Socket.IO"),
        MAPPED_CONNECTION("Upgrade and Connection through a proxy"),
        BALANCER("A balancer that strips Upgrade and cuts what is idle"),
        RFC_6455("RFC 6455 through a proxy");

        private final String title;

        Report(String title) {
            this.title = title;
        }

        public String title() {
            return title;
        }
    }

    private final Report report;
    private final String line;

    Trouble(Report report, String line) {
        this.report = report;
        this.line = line;
    }

    public Report report() {
        return report;
    }

    /** What must be right. */
    public String line() {
        return line;
    }
}
