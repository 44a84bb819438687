package io.fairlead.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.relay.RelayProvider;
import io.fairlead.proxy.relay.RelaySettings;
import jakarta.servlet.ServletContext;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RelaysTest {

    private static final RelaySettings SETTINGS =
            new RelaySettings("chat", List.of(), 65_536, 8, false, Duration.ofSeconds(5), Map.of());

    /** Where a server has no Jakarta WebSocket, there are none of its classes either. */
    private static final class WithoutWebSocket extends ClassLoader {

        WithoutWebSocket() {
            super(RelaysTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.startsWith("jakarta.websocket.")) {
                throw new ClassNotFoundException(name);
            }
            if (!name.startsWith("io.fairlead.relay.")) {
                return super.loadClass(name, resolve);
            }
            Class<?> loaded = findLoadedClass(name);
            return loaded == null ? define(name) : loaded;
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            try (@Nullable InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
                if (in == null) {
                    throw new ClassNotFoundException(name);
                }
                byte[] bytes = in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
    }

    private static ServletContext contextWithoutAttributes() {
        return (ServletContext) Proxy.newProxyInstance(
                RelaysTest.class.getClassLoader(),
                new Class<?>[] {ServletContext.class},
                (proxy, method, arguments) -> {
                    assertThat(method.getName()).isEqualTo("getAttribute");
                    return null;
                });
    }

    @Test
    void aServerWithoutWebSocketIsAFaultOfTheSettings() throws Exception {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        ClassLoader application = new WithoutWebSocket();
        List<String> faults = new ArrayList<>();
        thread.setContextClassLoader(application);
        try {
            RelayProvider relays = (RelayProvider) application
                    .loadClass(Relays.class.getName())
                    .getConstructor()
                    .newInstance();
            assertThat(relays.open(SETTINGS, contextWithoutAttributes(), faults::add))
                    .isNull();
        } finally {
            thread.setContextClassLoader(before);
        }
        assertThat(faults)
                .singleElement()
                .asString()
                .startsWith("'mode' is 'relay', which needs Jakarta WebSocket 2.1");
    }
}
