package io.fairlead.proxy.guard;

/**
 * What one route admits. 0 anywhere: no such limit.
 *
 * @param maxTunnels open or being opened
 * @param maxTunnelsPerAddress the same, of one address
 * @param handshakeRatePerAddress handshakes a second; as many may come at once, and at least one
 * @param maxHandshakes that wait for their answer
 */
public record LimitSettings(
        int maxTunnels, int maxTunnelsPerAddress, double handshakeRatePerAddress, int maxHandshakes) {

    boolean perAddress() {
        return maxTunnelsPerAddress > 0 || handshakeRatePerAddress > 0;
    }
}
