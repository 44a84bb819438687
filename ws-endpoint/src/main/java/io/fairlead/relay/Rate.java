package io.fairlead.relay;

import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;

/**
 * {@code rate}: a client may send so many messages a second in one tunnel, and as many at once after a pause; beyond it the tunnel is
 * closed (1008).
 *
 * <p>{@code rate.perSecond}: how many, required.
 */
public final class Rate implements MessageFilter {

    private static final long SECOND = 1_000_000_000;

    private final LongSupplier clock;

    /** Made by the service loader. */
    public Rate() {
        this(System::nanoTime);
    }

    Rate(LongSupplier clock) {
        this.clock = clock;
    }

    @Override
    public String name() {
        return "rate";
    }

    @Override
    public RouteFilter configure(FilterSettings settings) {
        int perSecond = settings.number("perSecond", null, 1, 1_000_000);
        return tunnel -> new OfTunnel(perSecond);
    }

    private final class OfTunnel implements TunnelFilter {

        private final long interval;

        /** When the messages so far would all have come, had they come evenly. One thread at a time. */
        private long due = clock.getAsLong();

        OfTunnel(int perSecond) {
            this.interval = SECOND / perSecond;
        }

        @Override
        public CompletionStage<Verdict> filter(Direction direction, Message message) {
            if (direction == Direction.TO_BACKEND && message.isFirst()) {
                long now = clock.getAsLong();
                due = (now - due > 0 ? now : due) + interval;
                if (due - now > SECOND) {
                    return TunnelFilter.now(
                            Verdict.close(CloseCode.POLICY_VIOLATION, "more messages in a second than rate.perSecond"));
                }
            }
            return TunnelFilter.now(Verdict.pass());
        }
    }
}
