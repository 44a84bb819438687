package io.fairlead.proxy;

import io.fairlead.proxy.backend.Backend;

/** A backend as JMX shows it. Counts are since it was first named. */
public final class BackendMXView {

    private final Backend backend;

    BackendMXView(Backend backend) {
        this.backend = backend;
    }

    /** Host and port. */
    public String getAddress() {
        return backend.address();
    }

    /** The value of Fairlead's cookie for it. */
    public String getId() {
        return backend.id();
    }

    public int getWeight() {
        return backend.weight();
    }

    public boolean isBackup() {
        return backend.isBackup();
    }

    /** Whether it gets work, as far as its health is concerned. */
    public boolean isUp() {
        return backend.health().up();
    }

    public boolean isDraining() {
        return backend.isDraining();
    }

    /** Requests under way, handshakes among them. */
    public int getRequests() {
        return backend.requests();
    }

    public int getTunnels() {
        return backend.tunnels();
    }

    /** Sessions that are known to be its. */
    public int getSessions() {
        return backend.sessions();
    }

    /** How often it was used. */
    public long getUses() {
        return backend.uses();
    }

    /** How many of these uses failed: it could not be reached, did not answer, or answered by a 5xx. */
    public long getFailures() {
        return backend.failures();
    }
}
