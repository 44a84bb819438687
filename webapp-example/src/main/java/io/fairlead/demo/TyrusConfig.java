package io.fairlead.demo;

import jakarta.websocket.Extension;
import jakarta.websocket.server.ServerEndpointConfig;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Agrees to what Tyrus has, and to nothing else. Where Jetty's implementation of Jakarta WebSocket is on the class path, too, the API
 * takes the first default that it finds there, and Jetty's agrees to extensions without a look at those that are installed.
 */
public class TyrusConfig extends ServerEndpointConfig.Configurator {

    /** Made by the container. */
    public TyrusConfig() {}

    @Override
    public List<Extension> getNegotiatedExtensions(List<Extension> installed, List<Extension> requested) {
        Set<String> names = installed.stream().map(Extension::getName).collect(Collectors.toSet());
        return requested.stream()
                .filter(extension -> names.contains(extension.getName()))
                .toList();
    }

    @Override
    public String getNegotiatedSubprotocol(List<String> supported, List<String> requested) {
        return requested.stream().filter(supported::contains).findFirst().orElse("");
    }

    /** The proxy in front passes on what it lets in. */
    @Override
    public boolean checkOrigin(String origin) {
        return true;
    }

    @Override
    public <T> T getEndpointInstance(Class<T> type) throws InstantiationException {
        try {
            return type.getConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            InstantiationException unfit = new InstantiationException(type.getName());
            unfit.initCause(e);
            throw unfit;
        }
    }
}
