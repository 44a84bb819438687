package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.Outcome.Kind;
import io.fairlead.proxy.tunnel.TunnelAccount.RoundTrip;
import io.fairlead.proxy.tunnel.TunnelEnd.Traffic;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.slf4j.Marker;
import org.slf4j.event.Level;
import org.slf4j.event.LoggingEvent;
import org.slf4j.helpers.LegacyAbstractLogger;
import org.slf4j.spi.LoggingEventAware;

class OutcomeLogTest {

    private static final Instant START = Instant.parse("2026-11-21T10:15:30.123456Z");
    private static final Duration MILLISECOND = Duration.ofMillis(1);

    private static Outcome tunnel() {
        return new Outcome(
                "chat",
                Kind.TUNNEL,
                "GET",
                "/app/\"socket\"=\n{}",
                "10.0.0.7",
                "backend:3000",
                1,
                START,
                Duration.ofMillis(61_500),
                Duration.ofNanos(2_345_678),
                101,
                true,
                false,
                new Traffic(120, 4, 2, 1, 0, 1000, null),
                new Traffic(240, 3, 2, 0, 1, 0, "a reserved opcode"),
                new RoundTrip(MILLISECOND.multipliedBy(3), Duration.ofNanos(1_234_567)),
                null,
                EndedBy.CLIENT,
                "SocketException: Connection reset",
                "4bf92f3577b34da6a3ce929d0e0e4736",
                null);
    }

    private static Outcome http() {
        return new Outcome(
                "chat",
                Kind.HTTP,
                "POST",
                "/app/x",
                "10.0.0.7",
                "backend:3000",
                1,
                START,
                Duration.ofMillis(5),
                null,
                502,
                false,
                false,
                Traffic.ofBytes(7),
                Traffic.ofBytes(0),
                null,
                null,
                EndedBy.BACKEND,
                "ConnectException: Connection refused",
                null,
                "0123456789abcdef");
    }

    /** A backend that has lines of text only, as java.util.logging. */
    private static class TextLogger extends LegacyAbstractLogger {
        private static final long serialVersionUID = 1;
        final transient List<String> lines = new ArrayList<>();
        private final Level level;

        TextLogger(Level level) {
            this.level = level;
        }

        @Override
        protected String getFullyQualifiedCallerName() {
            return "";
        }

        @Override
        protected void handleNormalizedLoggingCall(
                Level at, Marker marker, String message, Object @Nullable [] arguments, @Nullable Throwable thrown) {
            lines.add(at + " " + message);
        }

        private boolean isOn(Level asked) {
            return asked.toInt() >= level.toInt();
        }

        @Override
        public boolean isTraceEnabled() {
            return isOn(Level.TRACE);
        }

        @Override
        public boolean isDebugEnabled() {
            return isOn(Level.DEBUG);
        }

        @Override
        public boolean isInfoEnabled() {
            return isOn(Level.INFO);
        }

        @Override
        public boolean isWarnEnabled() {
            return isOn(Level.WARN);
        }

        @Override
        public boolean isErrorEnabled() {
            return isOn(Level.ERROR);
        }
    }

    /** A backend that keeps pairs apart, as Logback. */
    private static final class PairsLogger extends TextLogger implements LoggingEventAware {
        private static final long serialVersionUID = 1;
        private final transient List<LoggingEvent> events = new ArrayList<>();

        PairsLogger() {
            super(Level.DEBUG);
        }

        @Override
        public void log(LoggingEvent event) {
            events.add(event);
        }
    }

    @Test
    void aLineOfTextShowsThePairsInFrontOfTheWords() {
        TextLogger logger = new TextLogger(Level.INFO);
        OutcomeLog.write(tunnel(), logger, Level.INFO);
        assertThat(logger.lines)
                .containsExactly("INFO route=chat endedBy=client cause=\"SocketException: Connection reset\""
                        + " client=10.0.0.7 method=GET path=\"/app/\\\"socket\\\"=\\\\u000a{}\" backend=backend:3000 status=101"
                        + " start=2026-11-21T10:15:30.123Z durationMs=61500 headMs=2.345 mode=tunnel framed=true"
                        + " bytesToBackend=120 framesToBackend=4 messagesToBackend=2 pingsToBackend=1 closeToBackend=1000"
                        + " bytesToClient=240 framesToClient=3 messagesToClient=2 pongsToClient=1"
                        + " faultToClient=\"a reserved opcode\" clientRoundTripMs=1.234 clientRoundTripLastMs=3.0"
                        + " traceId=4bf92f3577b34da6a3ce929d0e0e4736 tunnel ended");
    }

    @Test
    void aBackendThatKnowsPairsGetsThemOnceAndAsTheyAre() {
        PairsLogger logger = new PairsLogger();
        OutcomeLog.write(http(), logger, Level.DEBUG);
        assertThat(logger.lines).isEmpty();
        LoggingEvent event = logger.events.get(0);
        assertThat(logger.events).hasSize(1);
        assertThat(event.getLevel()).isEqualTo(Level.DEBUG);
        assertThat(event.getMessage()).isEqualTo("request ended");
        Map<String, Object> pairs =
                event.getKeyValuePairs().stream().collect(Collectors.toMap(pair -> pair.key, pair -> pair.value));
        assertThat(pairs)
                .containsEntry("cause", "ConnectException: Connection refused")
                .containsEntry("bytesToBackend", 7L)
                .containsEntry("status", 502)
                .containsEntry("requestId", "0123456789abcdef")
                .doesNotContainKeys("framed", "headMs", "framesToBackend", "traceId", "clientRoundTripMs");
    }

    @Test
    void aLoggerThatIsOffGetsNothing() {
        TextLogger logger = new TextLogger(Level.INFO);
        OutcomeLog.write(http(), logger, Level.DEBUG);
        assertThat(logger.lines).isEmpty();
    }

    @Test
    void anOutcomeReadsAsItsLine() {
        assertThat(http())
                .hasToString("route=chat endedBy=backend cause=\"ConnectException: Connection refused\""
                        + " client=10.0.0.7 method=POST path=/app/x backend=backend:3000 status=502"
                        + " start=2026-11-21T10:15:30.123Z durationMs=5 bytesToBackend=7 bytesToClient=0"
                        + " requestId=0123456789abcdef");
    }
}
