package io.fairlead.launcher;

import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Answers every error that no backend answered with one short line of plain text: the status and what was said with it.
 * What an exception says stays in the log.
 */
final class PlainErrors extends ErrorHandler {
    private static final String TYPE = "text/plain;charset=utf-8";
    private static final int LONGEST = 200;

    @Override
    public boolean errorPageForMethod(String method) {
        return true;
    }

    @Override
    protected void generateResponse(
            Request request,
            Response response,
            int status,
            @Nullable String message,
            @Nullable Throwable cause,
            Callback callback) {
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, TYPE);
        Content.Sink.write(response, true, line(status, cause == null ? message : null), callback);
    }

    private static String line(int status, @Nullable String said) {
        String line = status + " " + HttpStatus.getMessage(status);
        if (said != null && !said.isBlank() && !said.equals(HttpStatus.getMessage(status))) {
            String clean = said.replaceAll("\\p{Cntrl}+", " ").strip();
            line += ": " + (clean.length() > LONGEST ? clean.substring(0, LONGEST) : clean);
        }
        return line + "\n";
    }
}
