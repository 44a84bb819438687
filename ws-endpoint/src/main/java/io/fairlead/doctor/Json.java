package io.fairlead.doctor;

import io.fairlead.doctor.Facts.Client;
import io.fairlead.doctor.Facts.Kind;
import io.fairlead.doctor.Sighting.Field;
import io.fairlead.doctor.Sighting.Socket;
import io.fairlead.doctor.Step.Result;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonException;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonReader;
import jakarta.json.JsonString;
import jakarta.json.JsonStructure;
import jakarta.json.JsonValue;
import jakarta.json.spi.JsonProvider;
import java.io.StringReader;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.eclipse.parsson.JsonProviderImpl;

/** Facts and findings as JSON. Bounded in what it reads: anybody may have written it. */
public final class Json {

    /** Not by a ServiceLoader: a server may have another, in another class loader. */
    private static final JsonProvider PROVIDER = new JsonProviderImpl();

    private static final int MOST_STEPS = 32;
    private static final int MOST_VALUES = 16;
    private static final int LONGEST_NAME = 16;
    private static final int LONGEST_VALUE = 300;

    private Json() {}

    static JsonReader reader(String text) {
        return PROVIDER.createReader(new StringReader(text));
    }

    /** What a client says that it saw. */
    public record Account(Client client, Map<String, Step> steps) {}

    /**
     * Reads {@code {"url":…,"protocol":…,"steps":{"get":{"result":"ok","status":200}}}}.
     *
     * @throws IllegalArgumentException if it is something else
     */
    public static Account account(String text) {
        try (JsonReader reader = reader(text)) {
            JsonObject object = reader.readObject();
            JsonObject steps = object.getJsonObject("steps");
            if (steps == null || steps.size() > MOST_STEPS) {
                throw new IllegalArgumentException("no steps, or too many");
            }
            Map<String, Step> read = new LinkedHashMap<>();
            for (Map.Entry<String, JsonValue> step : steps.entrySet()) {
                read.put(
                        bounded(step.getKey(), LONGEST_NAME),
                        step(step.getValue().asJsonObject()));
            }
            String url = bounded(object.getString("url", ""), LONGEST_VALUE);
            String protocol = bounded(object.getString("protocol", ""), LONGEST_NAME);
            return new Account(new Client(Kind.BROWSER, url, protocol), read);
        } catch (JsonException | ClassCastException | IllegalStateException malformed) {
            throw new IllegalArgumentException("not the facts of a client", malformed);
        }
    }

    private static Step step(JsonObject object) {
        Map<String, String> values = new LinkedHashMap<>();
        for (Map.Entry<String, JsonValue> value : object.entrySet()) {
            if (!value.getKey().equals("result") && values.size() < MOST_VALUES) {
                String text = value.getValue() instanceof JsonString string
                        ? string.getString()
                        : value.getValue().toString();
                values.put(bounded(value.getKey(), LONGEST_NAME), bounded(text, LONGEST_VALUE));
            }
        }
        return new Step(Result.valueOf(object.getString("result", "").toUpperCase(Locale.ROOT)), values);
    }

    private static String bounded(String text, int longest) {
        return text.length() > longest ? text.substring(0, longest) : text;
    }

    /** {@code {"findings":[…],"sightings":[…],"routes":[…]}}. */
    public static String answer(Facts facts, List<Finding> findings) {
        return write(PROVIDER.createObjectBuilder()
                .add("findings", array(findings.stream().map(Json::of).toList()))
                .add("sightings", array(facts.sightings().stream().map(Json::of).toList()))
                .add("routes", array(facts.routes().stream().map(Json::of).toList())));
    }

    /** What the command line prints: the steps, the certificates and the findings with their sentences. */
    public static String report(Facts facts, List<Finding> findings, Texts texts) {
        JsonObjectBuilder steps = PROVIDER.createObjectBuilder();
        facts.steps().forEach((name, step) -> {
            JsonObjectBuilder values = PROVIDER.createObjectBuilder()
                    .add("result", step.result().name().toLowerCase(Locale.ROOT));
            step.values().forEach(values::add);
            steps.add(name, values);
        });
        JsonObjectBuilder report = PROVIDER.createObjectBuilder()
                .add("url", facts.client().url())
                .add("verdict", Verdict.gravest(findings).name().toLowerCase(Locale.ROOT))
                .add("steps", steps);
        if (facts.chain() != null) {
            report.add(
                    "chain",
                    PROVIDER.createObjectBuilder()
                            .add("length", facts.chain().length())
                            .add("fault", facts.chain().fault())
                            .add("last", facts.chain().last())
                            .add("issuer", facts.chain().issuer()));
        }
        report.add(
                "findings",
                array(findings.stream()
                        .map(finding ->
                                of(finding).add("says", texts.sentence(finding)).add("mend", texts.mend(finding)))
                        .toList()));
        return write(report);
    }

    /** Any names and values. */
    public static String object(Map<String, String> values) {
        JsonObjectBuilder object = PROVIDER.createObjectBuilder();
        values.forEach(object::add);
        return write(object);
    }

    private static String write(JsonObjectBuilder builder) {
        JsonStructure built = builder.build();
        return built.toString();
    }

    private static JsonArrayBuilder array(List<JsonObjectBuilder> objects) {
        JsonArrayBuilder array = PROVIDER.createArrayBuilder();
        objects.forEach(array::add);
        return array;
    }

    private static JsonObjectBuilder of(Finding finding) {
        JsonObjectBuilder parameters = PROVIDER.createObjectBuilder();
        finding.parameters().forEach((name, value) -> parameters.add(name, Texts.clean(value)));
        return PROVIDER.createObjectBuilder()
                .add("code", finding.code())
                .add("severity", finding.severity().name().toLowerCase(Locale.ROOT))
                .add("hop", finding.hop().name().toLowerCase(Locale.ROOT))
                .add("parameters", parameters);
    }

    private static JsonObjectBuilder of(Sighting sighting) {
        JsonArrayBuilder fields = PROVIDER.createArrayBuilder();
        for (Field field : sighting.fields()) {
            fields.add(Texts.clean(field.name() + ": " + field.value()));
        }
        JsonObjectBuilder object = PROVIDER.createObjectBuilder()
                .add("step", sighting.step())
                .add("request", Texts.clean(sighting.method() + " " + sighting.target() + " " + sighting.protocol()))
                .add("peer", sighting.peer())
                .add("secure", sighting.secure())
                .add("tls", sighting.tls())
                .add("received", sighting.received())
                .add("fields", fields);
        Socket socket = sighting.socket();
        if (socket != null) {
            object.add(
                    "socket",
                    PROVIDER.createObjectBuilder()
                            .add("messages", socket.messages())
                            .add("sent", socket.sent())
                            .add("pong", socket.pong())
                            .add("closeCode", socket.closeCode())
                            .add("subprotocol", Texts.clean(socket.subprotocol()))
                            .add("extensions", Texts.clean(socket.extensions())));
        }
        return object;
    }

    private static JsonObjectBuilder of(RouteLeg leg) {
        return PROVIDER.createObjectBuilder()
                .add("route", leg.route())
                .add("backend", leg.backend())
                .add("path", leg.path())
                .add("reached", leg.reached().name().toLowerCase(Locale.ROOT))
                .add("status", leg.status())
                .add("reason", Texts.clean(leg.reason()));
    }
}
