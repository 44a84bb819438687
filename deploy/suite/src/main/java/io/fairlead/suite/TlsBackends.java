package io.fairlead.suite;

import io.fairlead.suite.peer.Authority;
import io.fairlead.suite.peer.Backend;
import io.fairlead.suite.peer.Door;
import io.fairlead.suite.peer.Identity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Backends over TLS, good and bad ones, and the routes to them. */
public final class TlsBackends {

    /** To {@link #GOOD} by a host name without a dot. */
    public static final String BY_NAME = "tls-by-name";
    /** To {@link #GOOD} by its IP address. */
    public static final String BY_ADDRESS = "tls-by-address";
    /** To {@link #GOOD} by its IP address, and with a server name; trusts by a key store. */
    public static final String AS_NAMED = "tls-as-named";
    /** With a certificate of the client from PEM, its key encrypted; to {@link #DEMANDING}. */
    public static final String CLIENT = "tls-client";
    /** With a certificate of the client from a key store; to {@link #DEMANDING}. */
    public static final String CLIENT_STORE = "tls-client-store";
    /** Without a certificate of the client; to {@link #DEMANDING}. */
    public static final String ANONYMOUS = "tls-anonymous";
    /** To {@link #EXPIRED}, but nothing is verified. */
    public static final String BLIND = "tls-blind";
    /** To {@link #GOOD}, but with the trust store of the JVM. */
    public static final String JVM = "tls-jvm";
    /** To {@link #OLD}; any upgrade. */
    public static final String TO_OLD = "tls-old";
    /** To {@link #EXPIRED}. */
    public static final String TOO_LATE = "tls-late";
    /** To {@link #EARLY}. */
    public static final String TOO_EARLY = "tls-early";
    /** To {@link #ELSEWHERE}. */
    public static final String OTHER_HOST = "tls-elsewhere";
    /** To {@link #UNKNOWN}. */
    public static final String OTHER_AUTHORITY = "tls-unknown";
    /** To {@link #SELF_SIGNED}. */
    public static final String NO_AUTHORITY = "tls-self-signed";
    /** To {@link #PLAIN}. */
    public static final String NO_TLS = "tls-plain";
    /** To {@link #SILENT}, with a second for the handshake. */
    public static final String NO_WORD = "tls-silent";

    /** The server name that {@link #AS_NAMED} asks for. */
    public static final String NAME = "backend.example";

    public static final Authority AUTHORITY = Authority.create("Suite");

    private static final Identity IDENTITY = AUTHORITY.issue("localhost", NAME, "127.0.0.1");
    private static final Identity CLIENT_IDENTITY = AUTHORITY.issue("client.example");

    public static final Identity EXPIRED_IDENTITY = AUTHORITY.expired("localhost");
    public static final Identity EARLY_IDENTITY = AUTHORITY.early("localhost");

    public static final Backend GOOD = Backend.start(IDENTITY);
    /** Wants a certificate that {@link #AUTHORITY} has signed. */
    public static final Backend DEMANDING = Backend.start(IDENTITY, AUTHORITY);

    /** Speaks TLS 1.2 only, which has no half-close. */
    public static final Backend OLD = Backend.start(IDENTITY, "TLSv1.2");

    public static final Backend EXPIRED = Backend.start(EXPIRED_IDENTITY);
    public static final Backend EARLY = Backend.start(EARLY_IDENTITY);
    public static final Backend ELSEWHERE = Backend.start(AUTHORITY.issue("a.example", "b.example"));
    public static final Backend UNKNOWN =
            Backend.start(Authority.create("Unknown").issue("localhost"));
    public static final Backend SELF_SIGNED = Backend.start(Authority.selfSigned("localhost"));

    /** Answers whatever comes in plain HTTP. */
    public static final Door PLAIN = Door.open(wire -> {
        wire.read(5);
        wire.send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        wire.ending();
    });

    /** Never says a word. */
    public static final Door SILENT = Door.open(wire -> wire.readRest());

    static final String PASSWORD = "open sesame";

    private static final Path FILES = directory();
    private static final String ROOT =
            AUTHORITY.writeRoot(FILES.resolve("root.pem")).toString();

    /** Init-params by route name. */
    static final Map<String, Map<String, String>> ROUTES = routes();

    private TlsBackends() {}

    /** The init-params of a route to a backend, and its path, changed so that it leads to {@link #GOOD}. */
    static Map<String, String> overTls(Map<String, String> params, String backend) {
        Map<String, String> changed = new LinkedHashMap<>(params);
        changed.computeIfPresent(
                "proxyTo", (name, url) -> "https://127.0.0.1:" + GOOD.port() + url.substring(backend.length()));
        changed.put("tlsTrustStore", ROOT);
        return changed;
    }

    private static Map<String, Map<String, String>> routes() {
        String root = ROOT;
        String store =
                AUTHORITY.writeTrustStore(FILES.resolve("root.p12"), PASSWORD).toString();
        String chain = CLIENT_IDENTITY.writeChain(FILES.resolve("client.pem")).toString();
        String key =
                CLIENT_IDENTITY.writeKey(FILES.resolve("client.key"), PASSWORD).toString();
        String keyStore = CLIENT_IDENTITY
                .writeKeyStore(FILES.resolve("client.p12"), PASSWORD)
                .toString();
        Map<String, Map<String, String>> routes = new LinkedHashMap<>();
        routes.put(BY_NAME, with("https://localhost:" + GOOD.port(), "tlsTrustStore", root));
        routes.put(BY_ADDRESS, with("wss://127.0.0.1:" + GOOD.port(), "tlsTrustStore", root));
        routes.put(
                AS_NAMED,
                with(
                        "https://127.0.0.1:" + GOOD.port(),
                        "tlsServerName",
                        NAME,
                        "tlsTrustStore",
                        store,
                        "tlsTrustStorePassword",
                        PASSWORD));
        routes.put(
                CLIENT,
                with(
                        "https://localhost:" + DEMANDING.port(),
                        "tlsTrustStore",
                        root,
                        "tlsKeyStore",
                        chain,
                        "tlsKey",
                        key,
                        "tlsKeyStorePassword",
                        PASSWORD));
        routes.put(
                CLIENT_STORE,
                with(
                        "https://localhost:" + DEMANDING.port(),
                        "tlsTrustStore",
                        root,
                        "tlsKeyStore",
                        keyStore,
                        "tlsKeyStorePassword",
                        PASSWORD));
        routes.put(ANONYMOUS, with("https://localhost:" + DEMANDING.port(), "tlsTrustStore", root));
        routes.put(BLIND, with("https://localhost:" + EXPIRED.port(), "tlsVerify", "false"));
        routes.put(TO_OLD, with("https://localhost:" + OLD.port(), "tlsTrustStore", root, "upgrade", "any"));
        routes.put(JVM, with("https://localhost:" + GOOD.port()));
        routes.put(TOO_LATE, with("https://localhost:" + EXPIRED.port(), "tlsTrustStore", root));
        routes.put(TOO_EARLY, with("https://localhost:" + EARLY.port(), "tlsTrustStore", root));
        routes.put(OTHER_HOST, with("https://localhost:" + ELSEWHERE.port(), "tlsTrustStore", root));
        routes.put(OTHER_AUTHORITY, with("https://localhost:" + UNKNOWN.port(), "tlsTrustStore", root));
        routes.put(NO_AUTHORITY, with("https://localhost:" + SELF_SIGNED.port(), "tlsTrustStore", root));
        routes.put(NO_TLS, with("https://localhost:" + PLAIN.port(), "tlsTrustStore", root));
        routes.put(NO_WORD, with("https://localhost:" + SILENT.port(), "tlsTrustStore", root, "connectTimeout", "1s"));
        return routes;
    }

    private static Map<String, String> with(String proxyTo, String... namesAndValues) {
        Map<String, String> params = new LinkedHashMap<>();
        params.put("proxyTo", proxyTo);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            params.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return params;
    }

    private static Path directory() {
        try {
            return Files.createDirectories(Path.of("target", "backends").toAbsolutePath());
        } catch (IOException e) {
            throw new IllegalStateException("no directory for certificates", e);
        }
    }
}
