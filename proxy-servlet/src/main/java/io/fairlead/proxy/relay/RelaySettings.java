package io.fairlead.proxy.relay;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * What is set for the relay of one route.
 *
 * @param route the servlet's name, for logs and threads
 * @param filters names of the filters that see each message, in this order
 * @param buffer bytes of messages that may wait in each direction of one tunnel
 * @param threads the most that may wait for slow peers at a time
 * @param deflate whether compression by permessage-deflate is agreed on, with each side by itself
 * @param closeTimeout how long the server waits for a client's Close frame
 * @param more the filters' own settings: all whose names have a dot
 */
public record RelaySettings(
        String route,
        List<String> filters,
        int buffer,
        int threads,
        boolean deflate,
        Duration closeTimeout,
        Map<String, String> more) {}
