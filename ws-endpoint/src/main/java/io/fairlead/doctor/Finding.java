package io.fairlead.doctor;

import java.util.Map;

/**
 * One thing that was found out. Its sentence, and how to mend it, are {@link Texts}' to say.
 *
 * @param code its name in the file of texts
 * @param parameters what the sentence is filled with; no markup, but nothing that may be taken for safe either
 */
public record Finding(String code, Severity severity, Hop hop, Map<String, String> parameters) {

    /** How much it matters. In order. */
    public enum Severity {
        /** All is well. */
        FINE,
        /** Good to know. */
        NOTE,
        /** Works, or works for now. */
        WARNING,
        /** Does not work. */
        FAULT
    }

    /** Where it is. */
    public enum Hop {
        /** The browser, or the machine that the command line runs on. */
        CLIENT,
        /** Between the client and the server that was asked. */
        PATH,
        /** The server that was asked, its certificate and its settings. */
        SERVER,
        /** From the server to a route's backend, and the backend. */
        BACKEND,
        /** Nowhere: there is no fault. */
        NONE
    }
}
