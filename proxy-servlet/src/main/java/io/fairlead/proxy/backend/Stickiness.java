package io.fairlead.proxy.backend;

import io.fairlead.proxy.backend.Bond.Kind;
import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which backend a request belongs to: the first of the rules that says something decides.
 *
 * <p>Thread-safe.
 */
public final class Stickiness {

    /** Longer ones are nobody's, and are not remembered. */
    private static final int LONGEST_SESSION = 128;

    /** {@code /base/server/session/transport}, as SockJS's clients build it: the server is three digits. */
    private static final Pattern SOCKJS = Pattern.compile(".*/(\\d{3})/([^/.]+)/"
            + "(?:websocket|xhr|xhr_send|xhr_streaming|eventsource|htmlfile|jsonp|jsonp_send)/?");

    /** What can tie a request to a backend. */
    public enum Source {
        /** The {@code sid} of Engine.IO, below Socket.IO, which the backend gave in its answer to the first poll. */
        ENGINEIO,
        /** The session in the path of SockJS, which the client chose. */
        SOCKJS,
        /** A cookie of Fairlead's that names the backend. */
        COOKIE,
        /** The value of a cookie of the application's, hashed. */
        COOKIE_HASH,
        /** The value of a field, hashed. */
        HEADER,
        /** The value of a parameter in the query, hashed. */
        QUERY,
        /** The client's address, hashed. */
        ADDRESS
    }

    /**
     * One of the chain.
     *
     * @param name of the cookie, field or parameter; empty for the others
     */
    public record Rule(Source source, String name) {}

    private final List<Rule> chain;
    private final String cookieName;
    private final Balance balance;
    private final Backends backends;
    private final SessionTable sessions;
    private final boolean several;
    private final LongSupplier clock;

    /**
     * @param several whether there may be more backends than one, now or later
     * @param chain in the order in which they are asked
     * @param cookieName of the cookie of Fairlead's
     * @param balance what is hashed where the chain says nothing
     * @param sessions the most sessions that are known at a time
     * @param life how long one is known without a use
     * @param clock nanoseconds since any one moment
     */
    public Stickiness(
            boolean several,
            List<Rule> chain,
            String cookieName,
            Balance balance,
            Backends backends,
            int sessions,
            Duration life,
            LongSupplier clock) {
        this.several = several;
        this.chain = chain;
        this.cookieName = cookieName;
        this.balance = balance;
        this.backends = backends;
        this.sessions = new SessionTable(sessions, life);
        this.clock = clock;
    }

    /** What ties a request to a backend. */
    public Bond bond(RequestFacts request) {
        List<Backend> all = backends.all();
        if (!several && all.size() == 1) {
            return new Bond(Kind.NONE, null, null, 0, cookieNeeded(request, all.get(0)));
        }
        boolean cookieNeeded = false;
        for (Rule rule : chain) {
            switch (rule.source()) {
                case ENGINEIO -> {
                    String sid = isEngineIo(request) ? session(parameter(request.query(), "sid")) : null;
                    if (sid != null) {
                        Backend known = sessions.find(sid, clock.getAsLong());
                        return new Bond(
                                known == null ? Kind.ASKING : Kind.SESSION,
                                known,
                                sid,
                                Rendezvous.hash(sid),
                                cookieNeeded);
                    }
                }
                case SOCKJS -> {
                    String session = sockJsSession(request.path());
                    if (session != null) {
                        // It was made by the client, so whichever backend is asked first has it.
                        return new Bond(
                                Kind.SESSION,
                                sessions.find(session, clock.getAsLong()),
                                session,
                                Rendezvous.hash(session),
                                cookieNeeded);
                    }
                }
                case COOKIE -> {
                    Backend named = named(request.cookie(cookieName), all);
                    if (named != null) {
                        return new Bond(Kind.PREFERRED, named, null, Rendezvous.hash(named.id()), cookieNeeded);
                    }
                    cookieNeeded = true;
                }
                case COOKIE_HASH, HEADER, QUERY, ADDRESS -> {
                    String value = value(rule, request);
                    if (value != null && !value.isEmpty()) {
                        return new Bond(Kind.HASHED, null, null, Rendezvous.hash(value), cookieNeeded);
                    }
                }
            }
        }
        return new Bond(Kind.NONE, null, null, balancingKey(request), cookieNeeded);
    }

    private boolean cookieNeeded(RequestFacts request, Backend only) {
        for (Rule rule : chain) {
            if (rule.source() == Source.COOKIE) {
                return !only.id().equals(request.cookie(cookieName));
            }
        }
        return false;
    }

    private long balancingKey(RequestFacts request) {
        return switch (balance) {
            case SOURCE -> Rendezvous.hash(request.address());
            case URI -> Rendezvous.hash(request.path());
            case ROUNDROBIN, LEASTCONN, RANDOM -> 0;
        };
    }

    private static @Nullable String value(Rule rule, RequestFacts request) {
        return switch (rule.source()) {
            case COOKIE_HASH -> request.cookie(rule.name());
            case HEADER -> request.header(rule.name());
            case QUERY -> parameter(request.query(), rule.name());
            case ADDRESS -> request.address();
            case ENGINEIO, SOCKJS, COOKIE -> null;
        };
    }

    private static @Nullable Backend named(@Nullable String id, List<Backend> all) {
        if (id != null) {
            for (Backend backend : all) {
                if (backend.id().equals(id)) {
                    return backend;
                }
            }
        }
        return null;
    }

    /** Whether the chain looks at the sessions of Engine.IO, and a request is one of its, without a session yet. */
    public boolean beginsEngineIo(RequestFacts request) {
        for (Rule rule : chain) {
            if (rule.source() == Source.ENGINEIO) {
                return isEngineIo(request) && parameter(request.query(), "sid") == null;
            }
        }
        return false;
    }

    private static boolean isEngineIo(RequestFacts request) {
        String query = request.query();
        return query != null && query.contains("EIO=") && query.contains("transport=");
    }

    /** Notes that a backend has a session. */
    public void learn(String session, Backend backend) {
        if (session(session) != null) {
            sessions.remember(session, backend, clock.getAsLong());
        }
    }

    /** Notes that it is not known which backend has a session. */
    public void forget(String session) {
        sessions.forget(session);
    }

    /** How many sessions are known. */
    public int sessions() {
        return sessions.size();
    }

    private static @Nullable String session(@Nullable String name) {
        return name == null || name.isEmpty() || name.length() > LONGEST_SESSION ? null : name;
    }

    private static @Nullable String sockJsSession(String path) {
        if (path.indexOf('/', 1) < 0) {
            return null;
        }
        Matcher matcher = SOCKJS.matcher(path);
        return matcher.matches() ? session(matcher.group(2)) : null;
    }

    /** As it stands there, not decoded; the first of a name. */
    static @Nullable String parameter(@Nullable String query, String name) {
        if (query == null) {
            return null;
        }
        for (int from = 0; from <= query.length(); ) {
            int end = query.indexOf('&', from);
            int to = end < 0 ? query.length() : end;
            if (query.startsWith(name, from)
                    && from + name.length() < to
                    && query.charAt(from + name.length()) == '=') {
                return query.substring(from + name.length() + 1, to);
            }
            from = to + 1;
        }
        return null;
    }
}
