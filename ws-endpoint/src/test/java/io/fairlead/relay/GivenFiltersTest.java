package io.fairlead.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.relay.Relay;
import io.fairlead.proxy.relay.RelaySettings;
import io.fairlead.relay.Verdict.Close;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The filters that come with the module, and their settings. */
class GivenFiltersTest {

    private static final Conversation TUNNEL = new Conversation("chat", "1", "10.0.0.7", "/ws", null, null);

    private static TunnelFilter open(MessageFilter filter, Map<String, String> settings) {
        FilterSettings own = new FilterSettings("chat", filter.name(), settings);
        RouteFilter configured = filter.configure(own);
        assertThat(own.faults()).isEmpty();
        return configured.open(TUNNEL);
    }

    private static Verdict up(TunnelFilter filter, Message message) {
        return filter.filter(Direction.TO_BACKEND, message)
                .toCompletableFuture()
                .join();
    }

    private static int code(Verdict verdict) {
        return verdict instanceof Close close ? close.code() : 0;
    }

    @Test
    void aTextMayHaveSoManyCharacters() {
        TunnelFilter filter = open(new MaxText(), Map.of("maxText.chars", "5"));
        assertThat(code(up(filter, Message.of("12345")))).isZero();
        assertThat(code(up(filter, Message.of("123", true, false)))).isZero();
        assertThat(code(up(filter, Message.of("45", false, false)))).isZero();
        assertThat(code(up(filter, Message.of("6", false, true)))).isEqualTo(1009);
        assertThat(code(up(filter, Message.of(ByteBuffer.allocate(100))))).isZero();
    }

    @Test
    void aClientMaySendSoManyMessagesASecond() {
        AtomicLong clock = new AtomicLong();
        TunnelFilter filter = open(new Rate(clock::get), Map.of("rate.perSecond", "10"));
        for (int i = 0; i < 10; i++) {
            assertThat(code(up(filter, Message.of("x")))).isZero();
        }
        assertThat(filter.filter(Direction.TO_CLIENT, Message.of("x"))).isCompletedWithValue(Verdict.pass());
        assertThat(code(up(filter, Message.of("x", false, true)))).isZero();
        assertThat(code(up(filter, Message.of("x")))).isEqualTo(1008);
        TunnelFilter even = open(new Rate(clock::get), Map.of("rate.perSecond", "10"));
        for (int i = 0; i < 1000; i++) {
            clock.addAndGet(100_000_000);
            assertThat(code(up(even, Message.of("x")))).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '\'',
            value = {
                "'{\"type\":\"say\"}', true",
                "'{\"type\":\"hello\",\"x\":[1,2]}', true",
                "'{\"type\":3}', true",
                "'{\"type\":true}', true",
                "'{\"type\":\"shout\"}', false",
                "'{\"type\":[\"say\"]}', false",
                "'{\"other\":\"say\"}', false",
                "'[\"say\"]', false",
                "'\"say\"', false",
                "'{\"type\":\"say\"', false",
                "'{\"type\":\"say\"} {\"type\":\"shout\"}', false",
                "'{\"type\":\"say\"}}', false",
                "'{\"type\":\"say\"} ', true",
                "'{\"a\":[{\"b\":[]}],\"type\":\"say\"}', true",
                "'{\"type\":\"say\",\"type\":\"shout\"}', false",
                "'{\"type\":\"shout\",\"type\":\"say\"}', false",
                "'{\"type\":\"say\",\"\\u0074ype\":\"shout\"}', false",
                "'', false",
                "say, false"
            })
    void onlyAllowedValuesPassTheGate(String text, boolean passes) {
        TunnelFilter filter =
                open(new JsonGate(), Map.of("jsonGate.pointer", "/type", "jsonGate.allow", "say, hello, 3, true"));
        assertThat(code(up(filter, Message.of(text)))).isEqualTo(passes ? 0 : 1008);
    }

    @Test
    void theGateDropsWhereItIsToldTo() {
        TunnelFilter filter = open(
                new JsonGate(),
                Map.of("jsonGate.pointer", "/type", "jsonGate.allow", "say", "jsonGate.otherwise", "drop"));
        assertThat(up(filter, Message.of("x"))).isEqualTo(Verdict.drop());
        assertThat(up(filter, Message.of("[".repeat(50_000)))).isEqualTo(Verdict.drop());
        assertThat(up(filter, Message.of(ByteBuffer.allocate(3)))).isEqualTo(Verdict.drop());
        assertThat(filter.filter(Direction.TO_CLIENT, Message.of("x"))).isCompletedWithValue(Verdict.pass());
        assertThat(filter.wholeUpTo(Direction.TO_BACKEND)).isEqualTo(64 * 1024);
        assertThat(filter.wholeUpTo(Direction.TO_CLIENT)).isZero();
    }

    private static String body(int limit, @Nullable String redact, Message... parts) {
        Audit.Written written = new Audit.Written(limit, redact == null ? null : Pattern.compile(redact));
        for (Message part : parts) {
            written.add(part);
        }
        return written.body();
    }

    @Test
    void anAuditedBodyIsBoundedRedactedAndOneLine() {
        assertThat(body(100, null, Message.of("a\nb\"c\\"))).isEqualTo("\"a\\u000ab\\\"c\\\\\"");
        assertThat(body(10, null, Message.of("12345", true, false), Message.of("6789abc", false, true)))
                .isEqualTo("\"123456789a\"…");
        assertThat(body(100, "pass\\w*", Message.of("my password is"))).isEqualTo("\"my *** is\"");
        assertThat(body(8, "secret-\\d+", Message.of("x secret-12345"))).isEqualTo("\"x \"…");
        assertThat(body(8, null, Message.of(ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5}))))
                .isEqualTo("\"01020304\"…");
    }

    // ---- settings

    private static List<String> faults(List<String> filters, Map<String, String> more) {
        List<String> faults = new ArrayList<>();
        Relay relay = new Relays()
                .open(
                        new RelaySettings("chat", filters, 65_536, 8, true, Duration.ofSeconds(5), more),
                        null,
                        faults::add);
        assertThat(relay == null).isEqualTo(!faults.isEmpty());
        return faults;
    }

    @Test
    void rightSettingsHaveNoFaults() {
        assertThat(faults(List.of(), Map.of("mine.own", "x"))).isEmpty();
        assertThat(faults(
                        List.of("audit", "maxText", "rate", "jsonGate"),
                        Map.of(
                                "audit.bodies", "true",
                                "audit.bodyLimit", "2KB",
                                "audit.redact", "x+",
                                "maxText.chars", "10",
                                "rate.perSecond", "5",
                                "jsonGate.pointer", "/a/0",
                                "jsonGate.allow", "x")))
                .isEmpty();
    }

    @Test
    void everyFaultIsTold() {
        assertThat(faults(
                        List.of("audit", "maxTxt", "rate", "jsonGate"),
                        Map.of(
                                "audit.redact", "(",
                                "audit.body", "x",
                                "rate.perSecond", "0",
                                "jsonGate.pointer", "type",
                                "maxText.chars", "5")))
                .anyMatch(fault -> fault.startsWith("'filters' names 'maxTxt', which is none of [audit, jsonGate"))
                .anyMatch(fault -> fault.startsWith("'audit.redact' is no regular expression"))
                .anyMatch(fault -> fault.equals("'audit.body' is no setting of this filter"))
                .anyMatch(fault -> fault.startsWith("'rate.perSecond' is a number from 1"))
                .anyMatch(fault -> fault.startsWith("'jsonGate.pointer' is a JSON Pointer"))
                .anyMatch(fault -> fault.equals("'jsonGate.allow' is missing"))
                .anyMatch(fault -> fault.startsWith("'maxText.chars' has no effect"))
                .hasSize(7);
    }
}
