package io.fairlead.demo;

import jakarta.websocket.OnClose;
import jakarta.websocket.OnMessage;
import jakarta.websocket.OnOpen;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerEndpoint;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The smallest chat. The demo has it at {@code /demo/room}, behind {@code mode=relay;filters=audit}: each message is in the log. */
@ServerEndpoint(value = "/room", configurator = TyrusConfig.class)
public final class RoomEndpoint {
    private static final Set<Session> GUESTS = ConcurrentHashMap.newKeySet();

    @OnOpen
    public void enter(Session guest) {
        guest.getAsyncRemote().setSendTimeout(5_000);
        GUESTS.add(guest);
    }

    @OnMessage(maxMessageSize = 1_000)
    public void hear(String message) {
        GUESTS.forEach(guest -> guest.getAsyncRemote().sendText(message));
    }

    @OnClose
    public void leave(Session guest) {
        GUESTS.remove(guest);
    }
}
