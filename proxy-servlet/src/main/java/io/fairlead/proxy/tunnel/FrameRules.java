package io.fairlead.proxy.tunnel;

/**
 * What a WebSocket tunnel is closed for. Sizes are those on the wire, so of a compressed message its compressed one, and count
 * in both directions.
 *
 * @param closeAtFault whether a stream that breaks the rules of framing is closed, by 1002; otherwise it passes as it is
 * @param maxFrameSize bytes of payload in a frame; beyond it 1009; 0: any
 * @param maxMessageSize bytes of payload in all the frames of a message; beyond it 1009; 0: any
 * @param maxMessageRate messages and pings that a client may send in a second; beyond it 1008; 0: any
 */
public record FrameRules(boolean closeAtFault, long maxFrameSize, long maxMessageSize, int maxMessageRate) {

    /** Everything passes. */
    public static final FrameRules NONE = new FrameRules(false, 0, 0, 0);

    /** As they hold for what a backend sends. */
    FrameRules ofBackend() {
        return maxMessageRate == 0 ? this : new FrameRules(closeAtFault, maxFrameSize, maxMessageSize, 0);
    }

    /** The same, for those who follow what is in the frames. */
    public FrameRules closingAtFault() {
        return new FrameRules(true, maxFrameSize, maxMessageSize, maxMessageRate);
    }

    /** Whether a frame's head has to be known before a byte of it is passed on. */
    boolean judgesHeads() {
        return closeAtFault || maxFrameSize > 0 || maxMessageSize > 0;
    }
}
