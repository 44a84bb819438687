package io.fairlead.proxy.server;

import java.io.IOException;
import java.io.InputStream;
import java.security.SecureClassLoader;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Defines the few classes that touch a server's own, against that server.
 *
 * <p>A web application does not see its server's classes: on Jetty {@code org.eclipse.jetty.…} named in it means the jars in
 * its own {@code WEB-INF/lib}, on WildFly {@code io.undertow.…} means nothing. This loader has the server's loader as its
 * parent, so the names mean the server's there; and the rest of Fairlead is that of the web application, so the instances
 * fit its interfaces.
 *
 * <pre>
 *      server's loader (Jetty, Undertow)     web application's loader (Fairlead, its own Jetty client)
 *                  ▲                               ▲
 *                  └───────── ServerBridge ────────┘   io.fairlead.… , but for its own classes
 * </pre>
 */
final class ServerBridge extends SecureClassLoader {

    private final ClassLoader fairlead = ServerBridge.class.getClassLoader();
    private final Set<String> own;

    private ServerBridge(ClassLoader server, Set<String> own) {
        super(server);
        this.own = own;
    }

    /**
     * An instance of {@code implementation}, as it is defined against the server.
     *
     * @param server the loader that sees the server's classes
     * @param more names of the classes that {@code implementation} needs and that touch the server as well
     * @throws IllegalStateException when the server lacks what {@code implementation} needs
     */
    static <T> T load(ClassLoader server, Class<T> contract, Class<? extends T> implementation, String... more) {
        Set<String> own = new HashSet<>(Set.of(more));
        own.add(implementation.getName());
        try {
            return contract.cast(new ServerBridge(server, own)
                    .loadClass(implementation.getName())
                    .getConstructor()
                    .newInstance());
        } catch (ReflectiveOperationException | LinkageError unfit) {
            throw new IllegalStateException("this server is not one that Fairlead knows: " + unfit, unfit);
        }
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith("io.fairlead.")) {
            return super.loadClass(name, resolve);
        }
        if (!own.contains(name)) {
            return fairlead.loadClass(name);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> known = findLoadedClass(name);
            return known != null ? known : define(name);
        }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
        try (@Nullable InputStream in = fairlead.getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (in == null) {
                throw new ClassNotFoundException(name);
            }
            byte[] bytes = in.readAllBytes();
            return defineClass(name, bytes, 0, bytes.length);
        } catch (IOException unreadable) {
            throw new ClassNotFoundException(name, unreadable);
        }
    }
}
