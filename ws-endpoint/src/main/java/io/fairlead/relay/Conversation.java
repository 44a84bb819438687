package io.fairlead.relay;

import java.security.Principal;
import org.jspecify.annotations.Nullable;

/**
 * What a filter is told of a tunnel.
 *
 * @param route the servlet's name
 * @param id of this tunnel, for logs
 * @param client its address
 * @param path that it asked for, raw, without the query
 * @param principal who is logged in; null: nobody
 * @param subprotocol that the backend has chosen; null: none
 */
public record Conversation(
        String route,
        String id,
        String client,
        String path,
        @Nullable Principal principal,
        @Nullable String subprotocol) {}
