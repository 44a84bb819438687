package io.fairlead.doctor.dial;

import io.fairlead.doctor.Sighting.Field;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A handshake of RFC 6455 section 4.1, and what is wrong with an answer to it. */
final class Handshake {

    private static final String MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final SecureRandom RANDOM = new SecureRandom();

    private final URI url;
    private final List<Field> headers;
    private final List<String> subprotocols;
    private final String key;

    Handshake(URI url, List<Field> headers, List<String> subprotocols) {
        this.url = url;
        this.headers = headers;
        this.subprotocols = subprotocols;
        byte[] random = new byte[16];
        RANDOM.nextBytes(random);
        this.key = Base64.getEncoder().encodeToString(random);
    }

    String request() {
        Map<String, String> own = new LinkedHashMap<>();
        own.put("Host", url.getRawAuthority());
        own.put("User-Agent", "fairlead-doctor");
        own.put("Origin", (url.getScheme().equalsIgnoreCase("wss") ? "https://" : "http://") + url.getRawAuthority());
        own.put("Upgrade", "websocket");
        own.put("Connection", "Upgrade");
        own.put("Sec-WebSocket-Key", key);
        own.put("Sec-WebSocket-Version", "13");
        own.put("Sec-WebSocket-Extensions", "permessage-deflate");
        if (!subprotocols.isEmpty()) {
            own.put("Sec-WebSocket-Protocol", String.join(", ", subprotocols));
        }
        headers.forEach(header -> own.keySet().removeIf(header.name()::equalsIgnoreCase));
        String path = url.getRawPath().isEmpty() ? "/" : url.getRawPath();
        StringBuilder request = new StringBuilder("GET ").append(path);
        if (url.getRawQuery() != null) {
            request.append('?').append(url.getRawQuery());
        }
        request.append(" HTTP/1.1\r\n");
        own.forEach(
                (name, value) -> request.append(name).append(": ").append(value).append("\r\n"));
        headers.forEach(header -> request.append(header.name())
                .append(": ")
                .append(header.value())
                .append("\r\n"));
        return request.append("\r\n").toString();
    }

    /** Null if nothing is wrong with a 101. */
    @Nullable
    String fault(Answer answer) {
        if (!answer.value("Upgrade").equalsIgnoreCase("websocket")) {
            return "its Upgrade is '" + answer.value("Upgrade") + "', not websocket";
        }
        boolean upgrades = Arrays.stream(answer.value("Connection").split(","))
                .anyMatch(token -> token.strip().equalsIgnoreCase("upgrade"));
        if (!upgrades) {
            return "its Connection is '" + answer.value("Connection") + "', without Upgrade";
        }
        if (!answer.value("Sec-WebSocket-Accept").equals(accept())) {
            return "its Sec-WebSocket-Accept does not answer the key";
        }
        String chosen = answer.value("Sec-WebSocket-Protocol");
        if (!chosen.isEmpty() && !subprotocols.contains(chosen)) {
            return "it chooses the subprotocol '" + chosen + "', which was not offered";
        }
        return null;
    }

    private String accept() {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-1").digest((key + MAGIC).getBytes(StandardCharsets.ISO_8859_1));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
