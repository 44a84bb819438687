package io.fairlead.doctor.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.doctor.Sighting.Field;
import io.fairlead.doctor.probe.DoctorSettings.Parsed;
import java.time.Duration;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DoctorTest {

    private static DoctorSettings settings(Map<String, String> values) {
        Parsed parsed = DoctorSettings.parse(
                values.keySet().stream().map(DoctorSettings.PREFIX::concat).toList(), values::get);
        assertThat(parsed.faults()).isEmpty();
        return parsed.settings();
    }

    @Test
    void defaults() {
        DoctorSettings settings = settings(Map.of());
        assertThat(settings.isOff()).isTrue();
        assertThat(settings.allowRoutes()).isSameAs(Access.NOBODY);
        assertThat(settings.life()).isEqualTo(Duration.ofMinutes(1));
        assertThat(settings.examinations()).isEqualTo(128);
        assertThat(settings.perAddress()).isEqualTo(60);
        assertThat(settings.bytes()).isEqualTo(16 << 20);
        assertThat(settings.httpPort()).isZero();
        assertThat(settings.httpsPort()).isZero();
    }

    @Test
    void everyWrongSettingIsNamed() {
        Map<String, String> wrong = Map.of(
                "allow",
                "localhost",
                "life",
                "5s",
                "bytes",
                "1KB",
                "examinations",
                "0",
                "httpPort",
                "x",
                "alow",
                "all");
        assertThat(DoctorSettings.parse(
                                wrong.keySet().stream()
                                        .map(DoctorSettings.PREFIX::concat)
                                        .toList(),
                                wrong::get)
                        .faults())
                .hasSize(6)
                .allMatch(fault -> fault.startsWith("context-param 'fairlead.doctor."));
    }

    @Test
    void noncesAreLongAndDifferent() {
        try (Doctor doctor = new Doctor(settings(Map.of("allow", "loopback", "examinations", "60")))) {
            Set<String> nonces = new HashSet<>();
            for (int i = 0; i < 60; i++) {
                Examination begun = doctor.begin("127.0.0.1");
                assertThat(begun).isNotNull();
                if (begun != null) {
                    assertThat(begun.nonce()).matches("[A-Za-z0-9_-]{22}");
                    assertThat(doctor.find("s=get&n=" + begun.nonce())).isSameAs(begun);
                    nonces.add(begun.nonce());
                }
            }
            assertThat(nonces).hasSize(60);
            assertThat(doctor.begin("127.0.0.1")).isNull();
            assertThat(doctor.begin("127.0.0.2")).isNull();
            assertThat(doctor.find("n=AAAAAAAAAAAAAAAAAAAAAA")).isNull();
            assertThat(doctor.find(null)).isNull();
        }
    }

    @Test
    void oneAddressHasItsShareOnly() {
        try (Doctor doctor = new Doctor(settings(Map.of("allow", "loopback", "examinationsPerAddress", "1")))) {
            assertThat(doctor.begin("127.0.0.1")).isNotNull();
            assertThat(doctor.begin("127.0.0.1")).isNull();
            assertThat(doctor.begin("127.0.0.2")).isNotNull();
        }
    }

    @Test
    void anExaminationIsForgottenAfterItsLastUseUnlessASocketIsOpen() {
        long second = 1_000_000_000L;
        Examination examination = new Examination("n", "127.0.0.1", 1000, 0);
        assertThat(examination.isOver(59 * second, 60 * second, 900 * second)).isFalse();
        assertThat(examination.isOver(61 * second, 60 * second, 900 * second)).isTrue();
        examination.used(30 * second);
        assertThat(examination.isOver(61 * second, 60 * second, 900 * second)).isFalse();
        examination.opened();
        assertThat(examination.isOver(600 * second, 60 * second, 900 * second)).isFalse();
        assertThat(examination.isOver(901 * second, 60 * second, 900 * second)).isTrue();
    }

    @Test
    void probesAndBytesAreBounded() {
        Examination examination = new Examination("n", "127.0.0.1", 1000, 0);
        Watch watch = watch(examination, List.of());
        for (int i = 0; i < 64; i++) {
            assertThat(examination.add(watch, 0)).isTrue();
        }
        assertThat(examination.add(watch, 0)).isFalse();
        assertThat(watch.received(1000)).isTrue();
        assertThat(watch.received(1)).isFalse();
    }

    @Test
    void whatIsKeptOfHeadsIsBounded() {
        Examination examination = new Examination("n", "127.0.0.1", 1000, 0);
        List<Field> fields = Collections.nCopies(64, new Field("X-Long", "v".repeat(300)));
        for (int i = 0; i < 64; i++) {
            examination.add(watch(examination, fields), 0);
        }
        int kept = examination.sightings().stream()
                .flatMap(sighting -> sighting.fields().stream())
                .mapToInt(field -> field.name().length() + field.value().length())
                .sum();
        assertThat(kept).isBetween(128 * 1024, 256 * 1024);
    }

    @Test
    void secretsAreNotKept() {
        Watch watch = watch(
                new Examination("n", "127.0.0.1", 1000, 0),
                List.of(
                        new Field("cookie", "session=1"),
                        new Field("Authorization", "Bearer x"),
                        new Field("Proxy-Authorization", "Basic y"),
                        new Field("X-Amzn-Oidc-AccessToken", "z"),
                        new Field("X-Long", "v".repeat(1000)),
                        new Field("Accept", "*/*")));
        assertThat(watch.sighting().fields())
                .extracting(Field::value)
                .containsExactly(
                        "… (9 characters, not shown)",
                        "… (8 characters, not shown)",
                        "… (7 characters, not shown)",
                        "… (1 characters, not shown)",
                        "v".repeat(300) + "…",
                        "*/*");
    }

    @Test
    void aTargetIsShownWithoutItsNonce() {
        assertThat(Doctor.withoutNonce("/-/probe/get", "n=abc&s=get")).isEqualTo("/-/probe/get?n=…&s=get");
        assertThat(Doctor.withoutNonce("/x", "s=get&n=abc")).isEqualTo("/x?s=get&n=…");
    }

    private static Watch watch(Examination examination, List<Field> fields) {
        return Watch.of(examination, "get", "GET", "/", "HTTP/1.1", fields, "127.0.0.1", false);
    }
}
