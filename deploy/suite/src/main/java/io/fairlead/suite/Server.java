package io.fairlead.suite;

import java.util.Set;

/**
 * Where servers differ and no web application can help it. Each line is an expectation that a test holds the server to,
 * so that a server which changes is noticed.
 *
 * @param name as it shall show in messages
 * @param shapesUris the request targets that the server refuses itself, or changes, before a servlet sees them
 * @param rewritesConnectionOf101 answers {@code Connection: Upgrade} whatever the backend wrote there
 * @param holdsThreads a tunnel occupies threads of the server while it is idle
 * @param endsOutputAlone sends an end of stream to the client while it still reads from it
 * @param refusesConnectItself a CONNECT gets an answer of the server's own
 * @param answerToTrace 405, or what the server says before a servlet is asked
 * @param refusesOddUpgrades answers 400 itself to an Upgrade without Connection, or the reverse
 * @param respellsCharset parses a Content-Type that names a charset and writes it anew
 */
public record Server(
        String name,
        Set<String> shapesUris,
        boolean rewritesConnectionOf101,
        boolean holdsThreads,
        boolean endsOutputAlone,
        boolean refusesConnectItself,
        int answerToTrace,
        boolean refusesOddUpgrades,
        boolean respellsCharset) {}
