package io.fairlead.proxy.server;

import jakarta.servlet.ServletContext;

/** Finds the adapter for the server that a web application runs in. */
public final class ServerAdapters {

    /** Which adapter a route asks for. */
    public enum Choice {
        /** The one that fits the server. */
        AUTO,
        TOMCAT,
        JETTY,
        UNDERTOW,
        GLASSFISH,
        LIBERTY,
        PORTABLE
    }

    private ServerAdapters() {}

    /**
     * The adapter for the server of {@code context}, or the one that was chosen.
     *
     * @throws IllegalArgumentException when the choice does not fit the server; the message says what does
     */
    public static ServerAdapter find(ServletContext context, Choice choice) {
        Choice fitting = fitting(context);
        return switch (choice == Choice.AUTO ? fitting : choice) {
            case TOMCAT -> {
                require(fitting == Choice.TOMCAT, "tomcat", context);
                yield new TomcatAdapter();
            }
            case JETTY -> {
                require(fitting == Choice.JETTY, "jetty", context);
                yield new JettyAdapter(context);
            }
            case UNDERTOW -> {
                require(fitting == Choice.UNDERTOW, "undertow", context);
                yield new UndertowAdapter(context);
            }
            case GLASSFISH -> {
                require(fitting == Choice.GLASSFISH, "glassfish", context);
                yield new GlassFishAdapter(context);
            }
            case LIBERTY -> {
                require(fitting == Choice.LIBERTY, "liberty", context);
                yield new LibertyAdapter();
            }
            case PORTABLE -> {
                // Liberty reads the next request of an upgraded connection.
                require(fitting != Choice.JETTY && fitting != Choice.LIBERTY, "portable", context);
                yield new PortableAdapter(fitting != Choice.GLASSFISH);
            }
            case AUTO -> throw new AssertionError("no server fits AUTO");
        };
    }

    private static void require(boolean fits, String name, ServletContext context) {
        if (!fits) {
            throw new IllegalArgumentException("serverAdapter '" + name + "' does not work on "
                    + context.getServerInfo() + "; remove the setting, or say 'auto'");
        }
    }

    private static Choice fitting(ServletContext context) {
        // GlassFish and Payara have classes of Tomcat's names, but not its connector.
        if (context.getClass().getName().startsWith("org.apache.catalina.")
                && has(context, "org.apache.tomcat.util.net.NioChannel")) {
            return Choice.TOMCAT;
        }
        if (context.getClass().getName().startsWith("org.eclipse.jetty.")
                && has(context, "org.eclipse.jetty.server.TunnelSupport")) {
            return Choice.JETTY;
        }
        if (context.getClass().getName().startsWith("io.undertow.servlet.")
                && has(context, "org.xnio.StreamConnection")) {
            return Choice.UNDERTOW;
        }
        if (context.getClass().getName().startsWith("org.apache.catalina.")
                && has(context, "org.glassfish.grizzly.http.server.Request")) {
            return Choice.GLASSFISH;
        }
        if (context.getClass().getName().startsWith("com.ibm.")) {
            return Choice.LIBERTY;
        }
        return Choice.PORTABLE;
    }

    private static boolean has(ServletContext context, String name) {
        try {
            Class.forName(name, false, context.getClass().getClassLoader());
            return true;
        } catch (ClassNotFoundException absent) {
            return false;
        }
    }
}
