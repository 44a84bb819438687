package io.fairlead.proxy;

import io.fairlead.proxy.tunnel.TunnelAccount.RoundTrip;
import io.fairlead.proxy.tunnel.TunnelEnd.Traffic;
import java.time.Duration;
import java.util.Date;
import org.jspecify.annotations.Nullable;

/** An open tunnel as JMX shows it, see {@link Outcome}. Durations are in milliseconds. */
public final class TunnelMXView {

    private final Outcome tunnel;

    TunnelMXView(Outcome tunnel) {
        this.tunnel = tunnel;
    }

    public String getClient() {
        return tunnel.client();
    }

    public String getMethod() {
        return Answers.clean(tunnel.method());
    }

    public String getPath() {
        return Answers.clean(tunnel.path());
    }

    /** Host and port. */
    public String getBackend() {
        return tunnel.backend();
    }

    public Date getStart() {
        return Date.from(tunnel.start());
    }

    public long getDurationMs() {
        return tunnel.duration().toMillis();
    }

    public @Nullable Double getHeadMs() {
        return milliseconds(tunnel.untilHead());
    }

    public int getStatus() {
        return tunnel.status();
    }

    public boolean isFramed() {
        return tunnel.framed();
    }

    /** Whether messages pass, and not bytes. */
    public boolean isRelayed() {
        return tunnel.relayed();
    }

    public TrafficMXView getToBackend() {
        return new TrafficMXView(tunnel.toBackend());
    }

    public TrafficMXView getToClient() {
        return new TrafficMXView(tunnel.toClient());
    }

    /** Smoothed; null as long as the client has answered no ping. */
    public @Nullable Double getClientRoundTripMs() {
        RoundTrip trip = tunnel.clientRoundTrip();
        return trip == null ? null : milliseconds(trip.smoothed());
    }

    public @Nullable Double getClientRoundTripLastMs() {
        RoundTrip trip = tunnel.clientRoundTrip();
        return trip == null ? null : milliseconds(trip.last());
    }

    /** Smoothed; null as long as the backend has answered no ping. */
    public @Nullable Double getBackendRoundTripMs() {
        RoundTrip trip = tunnel.backendRoundTrip();
        return trip == null ? null : milliseconds(trip.smoothed());
    }

    public @Nullable Double getBackendRoundTripLastMs() {
        RoundTrip trip = tunnel.backendRoundTrip();
        return trip == null ? null : milliseconds(trip.last());
    }

    public @Nullable String getTraceId() {
        return tunnel.traceId();
    }

    private static @Nullable Double milliseconds(@Nullable Duration duration) {
        return duration == null ? null : OutcomeLog.milliseconds(duration);
    }

    /** What has passed in one direction. */
    public static final class TrafficMXView {

        private final Traffic traffic;

        TrafficMXView(Traffic traffic) {
            this.traffic = traffic;
        }

        public long getBytes() {
            return traffic.bytes();
        }

        public long getFrames() {
            return traffic.frames();
        }

        public long getMessages() {
            return traffic.messages();
        }

        public long getPings() {
            return traffic.pings();
        }

        public long getPongs() {
            return traffic.pongs();
        }

        /** Of the Close frame; 0 as long as there was none. */
        public int getCloseCode() {
            return traffic.closeCode();
        }

        public @Nullable String getFault() {
            return traffic.fault();
        }
    }
}
