package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.EndPointLeg;
import io.fairlead.proxy.tunnel.EndPointTakeover;
import java.io.IOException;
import java.io.InputStream;
import java.security.SecureClassLoader;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Defines the few classes that touch a Jetty server, against that server's own Jetty.
 *
 * <p>A web application does not see its server's classes: {@code org.eclipse.jetty.…} named in it means the jars in its own
 * {@code WEB-INF/lib}. This loader has the server's loader as its parent, so the names mean the server's there; and the
 * rest of Fairlead is that of the web application, so the instances fit its interfaces.
 *
 * <pre>
 *      server's loader (Jetty)          web application's loader (Fairlead, its own Jetty client)
 *                  ▲                           ▲
 *                  └────── JettyBridge ────────┘   io.fairlead.… , but for its own classes
 * </pre>
 */
final class JettyBridge extends SecureClassLoader {

    private static final Set<String> OWN = Set.of(
            JettyCoreTakeover.class.getName(),
            EndPointTakeover.class.getName(),
            EndPointLeg.class.getName(),
            JettyStreamTakeover.class.getName(),
            JettyStreamLeg.class.getName(),
            JettyStreamLeg.class.getName() + "$Readable",
            JettyStreamLeg.class.getName() + "$Written");

    private final ClassLoader fairlead = JettyBridge.class.getClassLoader();

    private JettyBridge(ClassLoader server) {
        super(server);
    }

    static JettyTakeover load(ClassLoader server) {
        try {
            return (JettyTakeover) new JettyBridge(server)
                    .loadClass(JettyCoreTakeover.class.getName())
                    .getConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException | LinkageError unfit) {
            throw new IllegalStateException("this Jetty is not one that Fairlead knows: " + unfit, unfit);
        }
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith("io.fairlead.")) {
            return super.loadClass(name, resolve);
        }
        if (!OWN.contains(name)) {
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
