package io.fairlead.suite;

import java.util.Set;

/**
 * Where servers differ and no web application can help it. Each line is an expectation that a test holds the server to,
 * so that a server which changes is noticed.
 *
 * @param name as it shall show in messages
 * @param traits what it does; what is not among them it does not do
 * @param shapesUris the request targets that the server refuses itself, or changes, before a servlet sees them
 * @param answerToTrace 405, or what the server says before a servlet is asked
 */
public record Server(String name, Set<Trait> traits, Set<String> shapesUris, int answerToTrace) {

    /** One thing that some servers do and others do not. */
    public enum Trait {
        /** Answers {@code Connection: Upgrade} whatever the backend wrote there. */
        REWRITES_CONNECTION_OF_101,
        /** A tunnel occupies threads of the server while it is idle. */
        HOLDS_THREADS,
        /** A handshake occupies a thread of the server until the backend has answered. */
        HANDSHAKES_HOLD_THREADS,
        /** Sends an end of stream to the client while it still reads from it. */
        ENDS_OUTPUT_ALONE,
        /** A CONNECT gets an answer of the server's own. */
        REFUSES_CONNECT_ITSELF,
        /** Answers 400 itself to an Upgrade without Connection, or the reverse. */
        REFUSES_ODD_UPGRADES,
        /** Switches a connection in clear text to HTTP/2 when its client asks so by an Upgrade. */
        SWITCHES_TO_H2C,
        /** Does so under TLS as well, where HTTP/2 is a matter of ALPN (RFC 9113 section 3.2). */
        SWITCHES_TO_H2C_UNDER_TLS,
        /** Parses a Content-Type that names a charset and writes it anew. */
        RESPELLS_CHARSET,
        /** Makes one space of several within the value of a field. */
        COLLAPSES_SPACES,
        /** Does not show a query that is empty, nor the question mark that a query begins with. */
        DROPS_A_LEADING_QUESTION_MARK,
        /** Does not show the question mark of a query that is empty. */
        DROPS_AN_EMPTY_QUERY,
        /** Reads a body that has both a length and chunks by its chunks, and the connection's next request behind it. */
        PREFERS_CHUNKS_TO_A_LENGTH,
        /** Does not know where the body of a request with an Upgrade ends. */
        LOSES_BODIES_OF_UPGRADES,
        /** Offers WebSocket over HTTP/2 (RFC 8441). */
        OFFERS_EXTENDED_CONNECT,
        /** Ends a connection of HTTP/2 when a CONNECT comes on it. */
        GOES_AWAY_AT_CONNECT,
        /** Is run without its own WebSocket. */
        HAS_NO_WEBSOCKET,
        /** Is run without HTTP/2. */
        HAS_NO_HTTP2,
        /** Writes {@code Connection: close} in place of what a servlet has set, where it closes the connection. */
        REPLACES_CONNECTION_AT_CLOSE,
        /** Its own WebSocket may take a client's frame without a mask. */
        TAKES_UNMASKED,
        /** Its own WebSocket says 1011 of a length that cannot be. */
        BLAMES_ITSELF,
        /** Its own WebSocket sends no Close frame between two parts of a message. */
        CLOSES_BEHIND_A_MESSAGE_ONLY,
        /** Its own WebSocket loses messages that a client has sent just before a breach of framing. */
        FORGETS_AT_A_FAULT,
        /** Its own WebSocket waits for the payload of a frame whose length has 64 bits. */
        WAITS_FOR_64_BITS,
        /** Keeps class loaders of applications that are gone, as of those whose requests made it start a thread. */
        KEEPS_APPLICATIONS,
        /** Sends {@code Content-Length: 0} with a 101. */
        SAYS_THAT_A_101_IS_EMPTY,
        /** Says in its log why a deployment failed, and not to whom it was asked by. */
        EXPLAINS_FAILURES_IN_ITS_LOG,
        /** Takes up to four times a socket's send buffer of a response, some megabytes, before it tells a servlet to wait. */
        BUFFERS_MEGABYTES,
        /** Does not tell a servlet that waits that the client has reset its stream of HTTP/2. */
        HIDES_RESET_STREAMS
    }

    public boolean has(Trait trait) {
        return traits.contains(trait);
    }
}
