package io.fairlead.deploy.jetty;

/** Whether the module has brought Jetty's implementation of Jakarta WebSocket, of either environment. */
final class WebSockets {

    static final boolean ARE_THERE =
            WebSockets.class.getClassLoader().getResource("jakarta/websocket/server/ServerContainer.class") != null;

    private WebSockets() {}
}
