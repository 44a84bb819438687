package io.fairlead.deploy.production;

import io.fairlead.suite.peer.Authority;
import java.nio.file.Path;

/** What stands in for an administrator's certificate. */
final class Certificates {

    static final Authority AUTHORITY = Authority.create("Production");

    private Certificates() {}

    /** Writes one for this machine, with its chain and its key, into a directory. */
    static Path pem(Path directory) {
        return AUTHORITY.issue("localhost", "127.0.0.1").writeChainAndKey(directory.resolve("tls.pem"));
    }
}
