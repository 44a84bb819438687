package io.fairlead.proxy;

import io.fairlead.proxy.Outcome.Kind;
import io.fairlead.proxy.tunnel.TunnelAccount.RoundTrip;
import io.fairlead.proxy.tunnel.TunnelEnd.Traffic;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventAware;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * The line that an exchange leaves: a few words, and key-value pairs as SLF4J has them. A backend that keeps pairs apart gets
 * them apart; with any other SLF4J itself writes them before the words, so there they are quoted where they must be.
 */
final class OutcomeLog {

    /** Each tunnel, at INFO. */
    static final Logger TUNNEL = LoggerFactory.getLogger("io.fairlead.outcome.tunnel");

    /** Each request without a tunnel, at DEBUG: servers have logs of those. */
    static final Logger HTTP = LoggerFactory.getLogger("io.fairlead.outcome.http");

    private OutcomeLog() {}

    static void write(Outcome outcome) {
        boolean tunnel = outcome.kind() == Kind.TUNNEL;
        write(outcome, tunnel ? TUNNEL : HTTP, tunnel ? Level.INFO : Level.DEBUG);
    }

    static void write(Outcome outcome, Logger logger, Level level) {
        if (!logger.isEnabledForLevel(level)) {
            return;
        }
        LoggingEventBuilder line = logger.atLevel(level);
        boolean text = !(logger instanceof LoggingEventAware);
        for (Map.Entry<String, Object> pair : pairs(outcome).entrySet()) {
            line = line.addKeyValue(pair.getKey(), text ? quoted(pair.getValue()) : pair.getValue());
        }
        line.log(outcome.kind() == Kind.TUNNEL ? "tunnel ended" : "request ended");
    }

    /** All pairs, as in a line of text. */
    static String text(Outcome outcome) {
        StringBuilder text = new StringBuilder();
        pairs(outcome).forEach((key, value) -> text.append(text.length() == 0 ? "" : " ")
                .append(key)
                .append('=')
                .append(quoted(value)));
        return text.toString();
    }

    /** What does not apply is left out. */
    private static Map<String, Object> pairs(Outcome outcome) {
        Map<String, Object> pairs = new LinkedHashMap<>();
        pairs.put("route", outcome.route());
        put(pairs, "endedBy", outcome.endedBy() == null ? null : name(outcome.endedBy()));
        put(pairs, "cause", outcome.cause());
        pairs.put("client", outcome.client());
        pairs.put("method", Answers.clean(outcome.method()));
        pairs.put("path", Answers.clean(outcome.path()));
        put(pairs, "backend", outcome.backend().isEmpty() ? null : outcome.backend());
        put(pairs, "attempts", outcome.attempts() < 2 ? null : outcome.attempts());
        pairs.put("status", outcome.status());
        pairs.put("start", outcome.start().truncatedTo(ChronoUnit.MILLIS).toString());
        pairs.put("durationMs", outcome.duration().toMillis());
        put(pairs, "headMs", outcome.untilHead() == null ? null : milliseconds(outcome.untilHead()));
        if (outcome.kind() == Kind.TUNNEL) {
            pairs.put("mode", outcome.relayed() ? "relay" : "tunnel");
            pairs.put("framed", outcome.framed());
        }
        traffic(pairs, outcome.toBackend(), outcome.framed(), "ToBackend");
        traffic(pairs, outcome.toClient(), outcome.framed(), "ToClient");
        roundTrip(pairs, outcome.clientRoundTrip(), "clientRoundTrip");
        roundTrip(pairs, outcome.backendRoundTrip(), "backendRoundTrip");
        put(pairs, "traceId", outcome.traceId());
        put(pairs, "requestId", outcome.requestId());
        return pairs;
    }

    private static void traffic(Map<String, Object> pairs, Traffic traffic, boolean framed, String direction) {
        pairs.put("bytes" + direction, traffic.bytes());
        if (framed) {
            pairs.put("frames" + direction, traffic.frames());
            pairs.put("messages" + direction, traffic.messages());
            put(pairs, "pings" + direction, traffic.pings() == 0 ? null : traffic.pings());
            put(pairs, "pongs" + direction, traffic.pongs() == 0 ? null : traffic.pongs());
            put(pairs, "close" + direction, traffic.closeCode() == 0 ? null : traffic.closeCode());
            put(pairs, "fault" + direction, traffic.fault());
        }
    }

    private static void roundTrip(Map<String, Object> pairs, @Nullable RoundTrip trip, String leg) {
        if (trip != null) {
            pairs.put(leg + "Ms", milliseconds(trip.smoothed()));
            pairs.put(leg + "LastMs", milliseconds(trip.last()));
        }
    }

    private static void put(Map<String, Object> pairs, String key, @Nullable Object value) {
        if (value != null) {
            pairs.put(key, value);
        }
    }

    static String name(EndedBy endedBy) {
        return endedBy.name().toLowerCase(Locale.ROOT);
    }

    /** To the microsecond. */
    static double milliseconds(Duration duration) {
        return duration.toNanos() / 1000 / 1000.0;
    }

    /** A text that is no single word, in quotes. */
    private static Object quoted(Object value) {
        if (!(value instanceof String text) || isWord(text)) {
            return value;
        }
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static boolean isWord(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == ' ' || c == '"' || c == '=') {
                return false;
            }
        }
        return !text.isEmpty();
    }
}
