package io.fairlead.proxy.backend;

import io.fairlead.proxy.backend.Bond.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Backends and wishes for tests. */
final class Some {

    /** Three failures, ten seconds, no probes, no slow start. */
    static final HealthRules PASSIVE = new HealthRules(3, Duration.ofSeconds(10), false, 2, 3, Duration.ZERO);

    /** Up after two probes, down after three. */
    static final HealthRules PROBED = new HealthRules(3, Duration.ofSeconds(10), true, 2, 3, Duration.ZERO);

    static final Bond FREE = new Bond(Kind.NONE, null, null, 0, false);

    private Some() {}

    static Target target(String host, int weight) {
        return new Target(host, 80, weight, false);
    }

    static Target target(String host) {
        return target(host, 1);
    }

    static Target backup(String host) {
        return new Target(host, 80, 1, true);
    }

    static Backend backend(String host, int weight) {
        return new Backend(target(host, weight), false, 0);
    }

    static List<Backend> backends(int count) {
        List<Backend> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(backend("b" + i, 1));
        }
        return all;
    }

    static Bond bond(Kind kind, @Nullable Backend pinned, long key) {
        return new Bond(kind, pinned, null, key, false);
    }

    static Wish wish(Bond bond, Backend... tried) {
        return new Wish(bond, List.of(tried), false);
    }

    static Wish anyOne() {
        return wish(FREE);
    }

    static Wish repeatable(Backend... tried) {
        return new Wish(FREE, List.of(tried), true);
    }
}
