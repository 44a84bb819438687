package io.fairlead.relay;

import jakarta.json.JsonConfig;
import jakarta.json.JsonConfig.KeyStrategy;
import jakarta.json.JsonException;
import jakarta.json.JsonNumber;
import jakarta.json.JsonPointer;
import jakarta.json.JsonReader;
import jakarta.json.JsonReaderFactory;
import jakarta.json.JsonString;
import jakarta.json.JsonStructure;
import jakarta.json.JsonValue;
import jakarta.json.spi.JsonProvider;
import jakarta.json.stream.JsonParser;
import jakarta.json.stream.JsonParser.Event;
import jakarta.json.stream.JsonParserFactory;
import java.io.StringReader;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.eclipse.parsson.JsonProviderImpl;
import org.jspecify.annotations.Nullable;

/**
 * {@code jsonGate}: of the client's messages those pass that are JSON, with no name twice in an object, and have an allowed value at
 * one place; any other closes the tunnel (1008), or is dropped.
 *
 * <ul>
 *   <li>{@code jsonGate.pointer}: the place, a JSON Pointer (RFC 6901) as {@code /type}; required
 *   <li>{@code jsonGate.allow}: values with commas between, texts without quotes; required
 *   <li>{@code jsonGate.otherwise}: {@code close} (default) or {@code drop}
 *   <li>{@code jsonGate.maxSize}: of a message, 64KB; beyond it 1009
 * </ul>
 */
public final class JsonGate implements MessageFilter {

    /** Not by a ServiceLoader: a server may have another, which need not know of names that are there twice. */
    private static final JsonProvider PROVIDER = new JsonProviderImpl();

    /** Deeper is nobody's message, and the parser goes down by recursion. */
    private static final int MOST_DEPTH = 100;

    /** Made by the service loader. */
    public JsonGate() {}

    @Override
    public String name() {
        return "jsonGate";
    }

    @Override
    public RouteFilter configure(FilterSettings settings) {
        JsonPointer pointer = pointer(settings);
        Set<String> allowed = Stream.of(settings.required("allow").split(",", -1))
                .map(String::trim)
                .collect(Collectors.toUnmodifiableSet());
        String otherwise = settings.text("otherwise");
        boolean drops = "drop".equals(otherwise);
        if (otherwise != null && !drops && !otherwise.equals("close")) {
            settings.fault("otherwise", "is 'close' or 'drop', not '" + otherwise + "'");
        }
        int most = settings.size("maxSize", "64KB");
        // A name that is there twice is no JSON here: the backend could take the other value.
        JsonReaderFactory readers = PROVIDER.createReaderFactory(
                Map.of("org.eclipse.parsson.maxDepth", MOST_DEPTH, JsonConfig.KEY_STRATEGY, KeyStrategy.NONE));
        JsonParserFactory parsers = PROVIDER.createParserFactory(Map.of("org.eclipse.parsson.maxDepth", MOST_DEPTH));
        Verdict refusal =
                drops ? Verdict.drop() : Verdict.close(CloseCode.POLICY_VIOLATION, "this message is not allowed here");
        return tunnel -> new OfTunnel(readers, parsers, pointer, allowed, refusal, most);
    }

    private static JsonPointer pointer(FilterSettings settings) {
        String pointer = settings.required("pointer");
        try {
            return PROVIDER.createPointer(pointer);
        } catch (JsonException | IllegalArgumentException wrong) {
            settings.fault("pointer", "is a JSON Pointer, as /type, not '" + pointer + "'");
            return PROVIDER.createPointer("");
        }
    }

    private record OfTunnel(
            JsonReaderFactory readers,
            JsonParserFactory parsers,
            JsonPointer pointer,
            Set<String> allowed,
            Verdict refusal,
            int most)
            implements TunnelFilter {

        @Override
        public int wholeUpTo(Direction direction) {
            return direction == Direction.TO_BACKEND ? most : 0;
        }

        @Override
        public CompletionStage<Verdict> filter(Direction direction, Message message) {
            boolean passes = direction == Direction.TO_CLIENT || (message.isText() && isAllowed(message.text()));
            return TunnelFilter.now(passes ? Verdict.pass() : refusal);
        }

        private boolean isAllowed(String text) {
            try (JsonReader reader = readers.createReader(new StringReader(text))) {
                JsonStructure json = reader.read();
                return pointer.containsValue(json) && isAllowed(pointer.getValue(json)) && isAll(text);
            } catch (RuntimeException noJson) {
                // Parsson says no more of what is nested too deeply.
                return false;
            }
        }

        /** Whether nothing follows the JSON at the beginning of it: a reader does not look, a parser throws. */
        private boolean isAll(String text) {
            try (JsonParser parser = parsers.createParser(new StringReader(text))) {
                if (parser.next() == Event.START_OBJECT) {
                    parser.skipObject();
                } else {
                    parser.skipArray();
                }
                return !parser.hasNext();
            }
        }

        private boolean isAllowed(@Nullable JsonValue value) {
            if (value instanceof JsonString string) {
                return allowed.contains(string.getString());
            }
            return value != null
                    && (value instanceof JsonNumber
                            || value == JsonValue.TRUE
                            || value == JsonValue.FALSE
                            || value == JsonValue.NULL)
                    && allowed.contains(value.toString());
        }
    }
}
