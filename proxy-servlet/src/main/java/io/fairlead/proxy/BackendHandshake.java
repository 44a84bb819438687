package io.fairlead.proxy;

import io.fairlead.proxy.relay.Relay;
import io.fairlead.proxy.tunnel.EndPointTakeover;
import io.fairlead.proxy.tunnel.Leg;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import org.eclipse.jetty.client.HttpUpgrader;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.Response;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * The backend's 101: checked, then its connection is taken from the HTTP client as a leg. Any other answer never comes
 * here; it is an HTTP response like all others.
 */
final class BackendHandshake implements HttpUpgrader {

    static final String EXTENSIONS = "Sec-WebSocket-Extensions";
    static final String SUBPROTOCOL = "Sec-WebSocket-Protocol";

    static final String WRONG_ACCEPT =
            "the backend's Sec-WebSocket-Accept does not answer the Sec-WebSocket-Key that it was sent";
    private static final String ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private final @Nullable UpgradeRequest asked;
    private final @Nullable Relayed relayed;
    private final Executor executor;
    private final BiConsumer<Response, Leg> accepted;

    /**
     * @param asked null when the request asked for no upgrade, so that a 101 is the backend's fault
     * @param relayed null when the client judges the answer itself
     * @param accepted given the 101 and the leg, on a thread of the client's; must not block
     */
    BackendHandshake(
            @Nullable UpgradeRequest asked,
            @Nullable Relayed relayed,
            Executor executor,
            BiConsumer<Response, Leg> accepted) {
        this.asked = asked;
        this.relayed = relayed;
        this.executor = executor;
        this.accepted = accepted;
    }

    @Override
    public void prepare(Request request) {
        // The servlet has set Connection and Upgrade.
    }

    @Override
    public void upgrade(Response response, EndPoint endPoint, Callback callback) {
        String fault = fault(asked, response.getHeaders());
        if (fault == null && asked != null && relayed != null) {
            fault = relayed.fault(asked, response.getHeaders());
        }
        if (fault != null) {
            endPoint.close();
            callback.failed(new BackendProtocolException(fault));
            return;
        }
        endPoint.upgrade(new EndPointTakeover(endPoint, executor, leg -> accepted.accept(response, leg)));
        callback.succeeded();
    }

    /** What is wrong with the 101, in a sentence; null when nothing is. RFC 9110 section 7.8. */
    static @Nullable String fault(@Nullable UpgradeRequest asked, HttpFields answer) {
        if (asked == null) {
            return "the backend switched protocols although the request asked for no upgrade";
        }
        if (!options(answer).contains("upgrade")) {
            return "the backend's 101 has no Connection: Upgrade";
        }
        List<String> chosen = answer.getCSV(HttpHeader.UPGRADE, false);
        if (chosen.isEmpty()) {
            return "the backend's 101 names no protocol";
        }
        for (String protocol : chosen) {
            if (!asked.tokens().contains(UpgradeRequest.name(protocol))) {
                return "the backend tried to switch to protocol '" + protocol + "' when '" + asked.header()
                        + "' was requested";
            }
        }
        // The client can't check it over HTTP/2: the key was made here.
        return asked.extendedConnect() && !isFramed(asked, answer) ? WRONG_ACCEPT : null;
    }

    /** Of a handshake whose client is answered by the server. */
    record Relayed(Relay relay, List<String> asked) {

        /** What is wrong with a 101 that the client will not see; null when nothing is. */
        @Nullable
        String fault(UpgradeRequest request, HttpFields answer) {
            return isFramed(request, answer) ? relay.fault(asked, answer.getValuesList(EXTENSIONS)) : WRONG_ACCEPT;
        }
    }

    private static Set<String> options(HttpFields answer) {
        Set<String> options = new HashSet<>();
        for (String option : answer.getCSV(HttpHeader.CONNECTION, false)) {
            options.add(option.toLowerCase(Locale.ROOT));
        }
        return options;
    }

    /** Whether what follows the 101 is RFC 6455 frames: asked for by version 13, and accepted with the right key. */
    static boolean isFramed(UpgradeRequest asked, HttpFields answer) {
        HttpField accept = answer.getField("Sec-WebSocket-Accept");
        return asked.key() != null
                && accept != null
                && accept.getValue().trim().equals(accept(asked.key()))
                && answer.getCSV(HttpHeader.UPGRADE, false).stream()
                        .anyMatch(protocol -> UpgradeRequest.name(protocol).equals("websocket"));
    }

    /** RFC 6455 section 4.2.2. */
    static String accept(String key) {
        try {
            MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
            return Base64.getEncoder()
                    .encodeToString(sha1.digest((key + ACCEPT_SUFFIX).getBytes(StandardCharsets.ISO_8859_1)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every JVM has SHA-1", impossible);
        }
    }

    /** The backend broke the protocol; the client gets 502. */
    static final class BackendProtocolException extends Exception {
        private static final long serialVersionUID = 1;

        BackendProtocolException(String message) {
            super(message, null, false, false);
        }
    }
}
