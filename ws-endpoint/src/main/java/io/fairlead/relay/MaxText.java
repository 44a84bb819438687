package io.fairlead.relay;

import java.util.EnumMap;
import java.util.Map;

/**
 * {@code maxText}: a text may have so many characters (UTF-16), in either direction; beyond it the tunnel is closed (1009). Parts
 * pass as they come, so a text that is too long is cut off, not held.
 *
 * <p>{@code maxText.chars}: how many, required.
 */
public final class MaxText implements MessageFilter {

    /** Made by the service loader. */
    public MaxText() {}

    @Override
    public String name() {
        return "maxText";
    }

    @Override
    public RouteFilter configure(FilterSettings settings) {
        int most = settings.number("chars", null, 1, Integer.MAX_VALUE);
        return tunnel -> {
            Map<Direction, long[]> lengths = new EnumMap<>(Direction.class);
            for (Direction direction : Direction.values()) {
                lengths.put(direction, new long[1]);
            }
            return (direction, message) -> {
                long[] length = lengths.getOrDefault(direction, new long[1]);
                if (message.isText()) {
                    length[0] =
                            (message.isFirst() ? 0 : length[0]) + message.text().length();
                    if (length[0] > most) {
                        return TunnelFilter.now(
                                Verdict.close(CloseCode.TOO_BIG, "a text is longer than maxText.chars"));
                    }
                }
                return TunnelFilter.now(Verdict.pass());
            };
        };
    }
}
