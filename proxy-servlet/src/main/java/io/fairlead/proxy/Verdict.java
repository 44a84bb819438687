package io.fairlead.proxy;

import io.fairlead.proxy.BackendHandshake.BackendProtocolException;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.client.HttpResponseException;

/** What a failure of the backend's side is to the client. */
enum Verdict {
    SILENT(HttpServletResponse.SC_GATEWAY_TIMEOUT, "The backend did not answer in time.", EndedBy.TIMEOUT),
    INVALID(HttpServletResponse.SC_BAD_GATEWAY, "The backend gave an answer that is not valid.", EndedBy.PROTOCOL),
    INSECURE(HttpServletResponse.SC_BAD_GATEWAY, "There is no secure connection to the backend.", EndedBy.BACKEND),
    BUSY(HttpServletResponse.SC_SERVICE_UNAVAILABLE, "Too many requests wait for the backend.", EndedBy.LIMIT),
    ABSENT(HttpServletResponse.SC_SERVICE_UNAVAILABLE, "There is no backend now.", EndedBy.BACKEND),
    UNREACHABLE(HttpServletResponse.SC_BAD_GATEWAY, "The backend could not be reached, or broke off.", EndedBy.BACKEND);

    final int status;
    final String sentence;
    final EndedBy endedBy;

    Verdict(int status, String sentence, EndedBy endedBy) {
        this.status = status;
        this.sentence = sentence;
        this.endedBy = endedBy;
    }

    static Verdict of(Throwable failure) {
        if (isTimeout(failure)) {
            return SILENT;
        }
        if (failure instanceof BackendProtocolException || failure instanceof HttpResponseException) {
            return INVALID;
        }
        if (failure instanceof NoBackendException) {
            return ABSENT;
        }
        return failure instanceof RejectedExecutionException ? BUSY : UNREACHABLE;
    }

    static boolean isTimeout(Throwable failure) {
        return failure instanceof TimeoutException || failure instanceof SocketTimeoutException;
    }

    /** The route has none, or all are drained. */
    static final class NoBackendException extends IOException {
        private static final long serialVersionUID = 1;

        NoBackendException(String message) {
            super(message);
        }
    }
}
