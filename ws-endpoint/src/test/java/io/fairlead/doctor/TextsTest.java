package io.fairlead.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The file of texts is whole in each language, and says nothing that cannot happen. */
class TextsTest {

    private static final Pattern PLACE = Pattern.compile("\\{[a-z]+}");

    private static Map<String, String> flat(String language) {
        Map<String, String> texts = new TreeMap<>();
        try (JsonReader reader = Json.reader(new String(Texts.file(), StandardCharsets.UTF_8))) {
            flatten("", reader.readObject().getJsonObject(language), texts);
        }
        return texts;
    }

    private static void flatten(String path, JsonValue value, Map<String, String> texts) {
        if (value instanceof JsonObject object) {
            object.forEach((name, child) -> flatten(path + "/" + name, child, texts));
        } else {
            texts.put(path, ((JsonString) value).getString());
        }
    }

    private static Set<String> places(String text) {
        Set<String> places = new TreeSet<>();
        Matcher matcher = PLACE.matcher(text);
        while (matcher.find()) {
            places.add(matcher.group());
        }
        return places;
    }

    @Test
    void everyLanguageSaysTheSame() {
        assertThat(Texts.languages()).containsExactly("en", "ja");
        Map<String, String> english = flat("en");
        Map<String, String> japanese = flat("ja");
        assertThat(japanese.keySet()).isEqualTo(english.keySet());
        english.forEach((path, text) ->
                assertThat(places(japanese.getOrDefault(path, ""))).as(path).isEqualTo(places(text)));
    }

    @Test
    void everyFindingIsOneThatTheVerdictKnows() throws IOException {
        Set<String> told = new TreeSet<>();
        try (InputStream in = Verdict.class.getResourceAsStream("Verdict.class")) {
            String constants = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
            flat("en").keySet().forEach(path -> {
                if (path.startsWith("/findings/")) {
                    told.add(path.split("/")[2]);
                }
            });
            assertThat(told).allMatch(constants::contains);
        }
    }
}
