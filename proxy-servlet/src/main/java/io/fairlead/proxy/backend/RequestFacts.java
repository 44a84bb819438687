package io.fairlead.proxy.backend;

import org.jspecify.annotations.Nullable;

/** What of a request may say where it belongs. */
public interface RequestFacts {

    /** As the client wrote it, without the query. */
    String path();

    /** As the client wrote it, without the question mark; null for none. */
    @Nullable
    String query();

    /** The value of its first cookie of a name; null for none. */
    @Nullable
    String cookie(String name);

    /** The value of its first field of a name; null for none. */
    @Nullable
    String header(String name);

    /** The client's, behind trusted proxies. */
    String address();
}
