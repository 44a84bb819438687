package io.fairlead.suite;

import java.util.List;
import java.util.ServiceLoader;

/** The {@link Fairlead} of the module whose tests run. */
final class UnderTest {

    static final Fairlead FAIRLEAD = only(ServiceLoader.load(Fairlead.class).stream()
            .map(ServiceLoader.Provider::get)
            .toList());

    private UnderTest() {}

    private static Fairlead only(List<Fairlead> found) {
        if (found.size() != 1) {
            throw new IllegalStateException("META-INF/services/" + Fairlead.class.getName()
                    + " shall name one class on this class path; found: " + found);
        }
        return found.get(0);
    }
}
