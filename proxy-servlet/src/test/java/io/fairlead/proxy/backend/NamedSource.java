package io.fairlead.proxy.backend;

import java.util.List;
import java.util.function.Consumer;

/** Named in META-INF/services of the tests. */
public class NamedSource implements BackendSource {

    @Override
    public String scheme() {
        return "Consul";
    }

    @Override
    public AutoCloseable watch(BackendQuery query, Consumer<List<Target>> listener) {
        listener.accept(List.of(query.target("from-consul")));
        return () -> {};
    }

    /** Named only where a test says so. */
    public static class OfApplication extends NamedSource {
        @Override
        public String scheme() {
            return "app";
        }
    }

    /** In the place of the built-in one. */
    public static class OwnDns extends NamedSource {
        @Override
        public String scheme() {
            return "dns";
        }
    }
}
