package io.fairlead.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * What is done over and over, and how often.
 *
 * @param kind of unit
 * @param bytes of a message, or of a response's body
 * @param connections at a time
 * @param tls whether the client's side is over TLS
 * @param units in a turn
 */
record Scenario(Kind kind, int bytes, int connections, boolean tls, int units) {

    /** What a unit is. */
    enum Kind {
        /** A message that comes back, over an open WebSocket. */
        WS,
        /** A GET over a kept connection. */
        HTTP,
        /** A connection, a WebSocket handshake, a Close frame each way, the connection's end. Over TLS nothing is resumed. */
        HANDSHAKE,
        /** A WebSocket that is open. */
        IDLE
    }

    private static final int KB = 1024;
    private static final int MB = 1024 * 1024;

    /** Units of a kind before the first of it is measured: a JVM that has not compiled its code looks three times slower. */
    private static final int WARM_UP = 60_000;

    /** There is more code to a request than to a message. */
    private static final int WARM_UP_OF_REQUESTS = 120_000;

    private static final int WARM_UP_OF_HANDSHAKES = 30_000;
    private static final int WARM_UP_OF_TLS_HANDSHAKES = 6_000;

    /** As it is named in reports and on the command line. */
    String name() {
        return switch (kind) {
            case WS -> (tls ? "wss-" : "ws-") + size() + "-c" + connections;
            case HTTP -> (tls ? "https-" : "http-") + size() + "-c" + connections;
            case HANDSHAKE -> tls ? "tls-handshake" : "handshake";
            case IDLE -> tls ? "tls-idle" : "idle";
        };
    }

    private String size() {
        return bytes >= MB ? bytes / MB + "MiB" : bytes >= KB ? bytes / KB + "KiB" : bytes + "B";
    }

    /** Whether that is its name, or the beginning of it up to a hyphen. */
    boolean isNamed(String text) {
        return name().equals(text) || name().startsWith(text + "-");
    }

    /** All of them, plain ones first. A turn takes about a second each. */
    static List<Scenario> all() {
        List<Scenario> all = new ArrayList<>();
        for (boolean tls : new boolean[] {false, true}) {
            for (int connections : new int[] {1, 64, 1000}) {
                boolean one = connections == 1;
                all.add(new Scenario(Kind.WS, 64, connections, tls, one ? 20_000 : 60_000));
                all.add(new Scenario(Kind.WS, 64 * KB, connections, tls, one ? 4_000 : 6_000));
                all.add(new Scenario(Kind.WS, MB, connections, tls, one ? 400 : connections == 64 ? 640 : 1000));
                all.add(new Scenario(Kind.HTTP, 100, connections, tls, one ? 6_000 : 20_000));
                all.add(new Scenario(Kind.HTTP, 100 * KB, connections, tls, one ? 3_000 : 5_000));
            }
            all.add(new Scenario(Kind.HANDSHAKE, 0, 1, tls, tls ? 500 : 2_000));
            all.add(new Scenario(Kind.IDLE, 0, 5_000, tls, 5_000));
        }
        return all;
    }

    /**
     * What a contender does once before its first scenario of this kind, so that its code is compiled: the smallest units there
     * are. Whatever comes later of the same kind has the same code, and one turn to get used to its size.
     */
    Scenario warmUp() {
        return switch (kind) {
            case WS -> new Scenario(kind, 64, 64, tls, WARM_UP);
            case HTTP -> new Scenario(kind, 100, 64, tls, WARM_UP_OF_REQUESTS);
            case HANDSHAKE -> withUnits(tls ? WARM_UP_OF_TLS_HANDSHAKES : WARM_UP_OF_HANDSHAKES);
            case IDLE -> new Scenario(kind, 0, 500, tls, 500);
        };
    }

    Scenario withUnits(int others) {
        return new Scenario(kind, bytes, connections, tls, others);
    }
}
