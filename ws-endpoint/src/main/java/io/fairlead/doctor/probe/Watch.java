package io.fairlead.doctor.probe;

import io.fairlead.doctor.Sighting;
import io.fairlead.doctor.Sighting.Field;
import io.fairlead.doctor.Sighting.Socket;
import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What is being seen of one probe. Thread-safe. */
public final class Watch {

    /** What browsers and proxies log in with. */
    private static final Pattern SECRET =
            Pattern.compile("(?i).*(authorization|cookie|token|secret|passw|api-?key|jwt|assertion|credential).*");

    private static final int MOST_FIELDS = 64;
    private static final int LONGEST = 300;

    private final Examination examination;
    private final String step;
    private final String method;
    private final String target;
    private final String protocol;
    private final List<Field> fields;
    private final String peer;
    private final boolean secure;
    private final String tls;

    private long received;
    private boolean open;
    private int messages;
    private int sent;
    private long pong = -1;
    private int closeCode;
    private String subprotocol = "";
    private String extensions = "";
    private boolean isSocket;

    private Watch(
            Examination examination,
            String step,
            String method,
            String target,
            String protocol,
            List<Field> fields,
            String peer,
            boolean secure,
            String tls) {
        this.examination = examination;
        this.step = step;
        this.method = method;
        this.target = target;
        this.protocol = protocol;
        this.fields = fields;
        this.peer = peer;
        this.secure = secure;
        this.tls = tls;
    }

    /** @param target path and query, without the nonce */
    static Watch of(Examination examination, String step, String target, HttpServletRequest request) {
        List<Field> fields = new ArrayList<>();
        for (String name : Collections.list(request.getHeaderNames())) {
            for (String value : Collections.list(request.getHeaders(name))) {
                add(examination, fields, name, value);
            }
        }
        if (request.getHeader("Host") == null) {
            add(examination, fields, "Host", request.getServerName() + ":" + request.getServerPort());
        }
        return new Watch(
                examination,
                step,
                request.getMethod(),
                bounded(target),
                request.getProtocol(),
                List.copyOf(fields),
                request.getRemoteAddr(),
                request.isSecure(),
                request.getAttribute("jakarta.servlet.request.cipher_suite") instanceof String cipher ? cipher : "");
    }

    /** For a server whose handshakes do not come by the servlet API. */
    public static Watch of(
            Examination examination,
            String step,
            String method,
            String target,
            String protocol,
            List<Field> all,
            String peer,
            boolean secure) {
        List<Field> fields = new ArrayList<>();
        all.forEach(field -> add(examination, fields, field.name(), field.value()));
        return new Watch(examination, step, method, bounded(target), protocol, List.copyOf(fields), peer, secure, "");
    }

    private static void add(Examination examination, List<Field> fields, String name, String value) {
        boolean secret = SECRET.matcher(name).matches();
        String shown = secret ? "… (" + value.length() + " characters, not shown)" : bounded(value);
        if (fields.size() < MOST_FIELDS && examination.keeps(name.length() + shown.length())) {
            fields.add(new Field(bounded(name), shown));
        }
    }

    private static String bounded(String text) {
        return text.length() > LONGEST ? text.substring(0, LONGEST) + "…" : text;
    }

    String step() {
        return step;
    }

    Examination examination() {
        return examination;
    }

    /** @return false when the examination has had its share; then it is to end */
    boolean received(long bytes) {
        synchronized (this) {
            received += bytes;
        }
        return examination.spend(bytes);
    }

    // ---- the socket

    /** @return false when there are too many open ones; then it is to be closed */
    boolean opened(String agreedSubprotocol, String agreedExtensions) {
        synchronized (this) {
            isSocket = true;
            open = true;
            subprotocol = agreedSubprotocol;
            extensions = agreedExtensions;
        }
        return examination.opened();
    }

    synchronized void message() {
        messages++;
    }

    synchronized void sent() {
        sent++;
    }

    synchronized void pong(long millis) {
        pong = millis;
    }

    void closed(int code) {
        boolean ended;
        synchronized (this) {
            ended = open;
            open = false;
            closeCode = code;
        }
        if (ended) {
            examination.closed();
        }
    }

    synchronized Sighting sighting() {
        @Nullable
        Socket socket = isSocket ? new Socket(messages, sent, pong, closeCode, subprotocol, extensions) : null;
        return new Sighting(step, method, target, protocol, fields, peer, secure, tls, received, socket);
    }
}
