package io.fairlead.relay;

/** Codes of Close frames (RFC 6455 section 7.4, and IANA's registry). */
final class CloseCode {

    static final int NORMAL = 1000;
    static final int GOING_AWAY = 1001;
    static final int PROTOCOL_ERROR = 1002;
    static final int BAD_DATA = 1007;
    static final int POLICY_VIOLATION = 1008;
    static final int TOO_BIG = 1009;
    static final int INTERNAL_ERROR = 1011;
    static final int TRY_AGAIN_LATER = 1013;

    /** That there was no code; never sent. */
    static final int NONE = 1005;

    /** That there was no Close frame; never sent. */
    static final int ABNORMAL = 1006;

    private CloseCode() {}

    /** Whether it may stand in a frame. */
    static boolean maySend(int code) {
        return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
    }
}
