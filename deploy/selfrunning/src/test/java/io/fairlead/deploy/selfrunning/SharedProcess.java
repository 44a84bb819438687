package io.fairlead.deploy.selfrunning;

import io.fairlead.suite.Fairlead;
import io.fairlead.suite.Routes;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;

/** One process with the routes of {@link Routes} for all test classes that want no other; it ends with the last test. */
final class SharedProcess implements BeforeAllCallback {

    private static @Nullable Fairlead fairlead;

    @Override
    public void beforeAll(ExtensionContext context) {
        Store store = context.getRoot().getStore(Namespace.create(SharedProcess.class));
        fairlead = store.getOrComputeIfAbsent(Closing.class, key -> new Closing(), Closing.class).process;
    }

    static Fairlead fairlead() {
        if (fairlead == null) {
            throw new IllegalStateException("the test class is not @ExtendWith(SharedProcess.class)");
        }
        return fairlead;
    }

    private static final class Closing implements AutoCloseable {
        private final SelfRunning process;

        Closing() {
            try {
                process = SelfRunning.start(Routes.arguments());
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void close() throws Exception {
            process.close();
        }
    }
}
