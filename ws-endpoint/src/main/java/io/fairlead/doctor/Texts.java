package io.fairlead.doctor;

import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonString;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What is said, in one language: all of it comes from one file, which the page reads as well. Immutable. */
public final class Texts {

    private static final String FILE = "texts.json";
    private static final Pattern PLACE = Pattern.compile("\\{([a-z]+)}");
    private static final int LONGEST = 200;

    private final JsonObject language;

    private Texts(JsonObject language) {
        this.language = language;
    }

    /** The file, in UTF-8. */
    public static byte[] file() {
        try (@Nullable InputStream in = Texts.class.getResourceAsStream(FILE)) {
            if (in == null) {
                throw new IllegalStateException(FILE + " is not in the jar");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonObject all() {
        try (JsonReader reader = Json.reader(new String(file(), StandardCharsets.UTF_8))) {
            return reader.readObject();
        }
    }

    /** Those that there are, as {@code en}. */
    public static Set<String> languages() {
        return all().keySet();
    }

    /** @throws IllegalArgumentException if there is no such language */
    public static Texts in(String language) {
        JsonObject texts = all().getJsonObject(language);
        if (texts == null) {
            throw new IllegalArgumentException("no texts in '" + language + "'");
        }
        return new Texts(texts);
    }

    /** What is wrong. */
    public String sentence(Finding finding) {
        return filled(entry(finding).getString("says"), finding.parameters());
    }

    /** What to do about it; empty if there is nothing to do. */
    public String mend(Finding finding) {
        return filled(entry(finding).getString("mend"), finding.parameters());
    }

    public String hop(Finding finding) {
        return text("hops", finding.hop().name().toLowerCase(Locale.ROOT));
    }

    public String severity(Finding finding) {
        return text("severities", finding.severity().name().toLowerCase(Locale.ROOT));
    }

    /** The name of a step. */
    public String step(String name) {
        JsonString text = language.getJsonObject("steps").getJsonString(name);
        return text == null ? name : text.getString();
    }

    /** How a step went. */
    public String result(Step step) {
        return text("results", step.result().name().toLowerCase(Locale.ROOT));
    }

    private String text(String group, String name) {
        return language.getJsonObject(group).getString(name);
    }

    private JsonObject entry(Finding finding) {
        return language.getJsonObject("findings").getJsonObject(finding.code());
    }

    /** What comes from the network is shown without control characters, and not at any length. */
    private static String filled(String text, Map<String, String> parameters) {
        return PLACE.matcher(text)
                .replaceAll(place -> Matcher.quoteReplacement(clean(parameters.getOrDefault(place.group(1), ""))));
    }

    /** A value as it may be shown. */
    public static String clean(String value) {
        String visible = value.replaceAll("[\\p{Cntrl}\\p{Cf}\\p{Zl}\\p{Zp}]", "?");
        return visible.length() > LONGEST ? visible.substring(0, LONGEST) + "…" : visible;
    }
}
