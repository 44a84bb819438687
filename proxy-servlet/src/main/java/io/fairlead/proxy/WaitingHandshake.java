package io.fairlead.proxy;

import io.fairlead.proxy.Exchange.Resumption;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * A handshake on a server that can't upgrade a request which was dispatched to: {@code service()} waits until the backend has
 * answered. To the exchange it is an asynchronous request like any other; what the exchange asks of its context is done by
 * the thread that waits.
 *
 * <pre>
 *  dispatch ─▶ the {@link Resumption}: the 101, or an answer of ours
 *  complete ─▶ service() returns; the answer is in the response
 *  start    ─▶ the answer has a body: the request becomes asynchronous in truth, and service() returns
 * </pre>
 *
 * <p>While it waits, the response is the exchange's. It waits as long as the exchange lives, whose deadlines are {@code
 * handshakeTimeout} for each backend that is asked, and {@code queueTimeout}.
 */
final class WaitingHandshake extends HttpServletRequestWrapper implements AsyncContext {

    /** The most that wait at a time in one web application, so that slow backends do not take all threads of a server. */
    static final int MOST = 32;

    private final HttpServletRequest request;
    private final HttpServletResponse response;
    private final List<AsyncListener> listeners = new ArrayList<>();
    private boolean begun;

    /** At most two: to become asynchronous, and the end. */
    private final BlockingQueue<Wish> wishes = new LinkedBlockingQueue<>();

    private @Nullable AsyncContext asynchronous;

    /** What the exchange asks for. */
    private interface Wish {
        /** By the thread that waits. */
        void whileWaiting() throws IOException, ServletException;

        /** By any thread, once the request is asynchronous. */
        void whileAsynchronous(AsyncContext context);
    }

    WaitingHandshake(HttpServletRequest request, HttpServletResponse response) {
        super(request);
        this.request = request;
        this.response = response;
    }

    /** Returns when the exchange does not need this thread any more; at once if there is no exchange. */
    void await() throws IOException, ServletException {
        if (!begun) {
            return;
        }
        try {
            wishes.take().whileWaiting();
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            throw new IOException("the server does not wait for the backend any more", stopping);
        }
    }

    // ---- the request

    @Override
    public AsyncContext startAsync() {
        if (!request.isAsyncSupported()) {
            throw new IllegalStateException("a filter or servlet of this request is not async-supported");
        }
        begun = true;
        return this;
    }

    @Override
    public AsyncContext startAsync(ServletRequest other, ServletResponse another) {
        throw new UnsupportedOperationException("a handshake keeps its request and response");
    }

    @Override
    public AsyncContext getAsyncContext() {
        return this;
    }

    @Override
    public boolean isAsyncStarted() {
        return begun;
    }

    // ---- its context

    /** Makes the request asynchronous in truth, and runs {@code work} after that. */
    @Override
    public void start(Runnable work) {
        ask(new Wish() {
            @Override
            public void whileWaiting() {
                becomeAsynchronous(work);
            }

            @Override
            public void whileAsynchronous(AsyncContext context) {
                work.run();
            }
        });
    }

    private void becomeAsynchronous(Runnable work) {
        AsyncContext context = request.startAsync();
        context.setTimeout(0);
        listeners.forEach(context::addListener);
        Wish end;
        synchronized (this) {
            asynchronous = context;
            end = wishes.poll();
        }
        if (end == null) {
            work.run();
        } else {
            end.whileAsynchronous(context);
        }
    }

    @Override
    public void dispatch() {
        ask(new Wish() {
            @Override
            public void whileWaiting() throws IOException, ServletException {
                if (request.getAttribute(Exchange.RESUME) instanceof Resumption next) {
                    request.removeAttribute(Exchange.RESUME);
                    next.resume(request, response);
                }
            }

            @Override
            public void whileAsynchronous(AsyncContext context) {
                context.dispatch();
            }
        });
    }

    @Override
    public void complete() {
        ask(new Wish() {
            @Override
            public void whileWaiting() {
                // To return is all.
            }

            @Override
            public void whileAsynchronous(AsyncContext context) {
                context.complete();
            }
        });
    }

    private void ask(Wish wish) {
        AsyncContext context;
        synchronized (this) {
            context = asynchronous;
            if (context == null) {
                wishes.add(wish);
            }
        }
        if (context != null) {
            wish.whileAsynchronous(context);
        }
    }

    /** Told nothing before the request is asynchronous: until then the server knows of no failure. */
    @Override
    public void addListener(AsyncListener listener) {
        listeners.add(listener);
    }

    @Override
    public void setTimeout(long millis) {
        if (millis != 0) {
            throw new UnsupportedOperationException("the exchange has deadlines of its own");
        }
    }

    @Override
    public long getTimeout() {
        return 0;
    }

    @Override
    public ServletRequest getRequest() {
        return request;
    }

    @Override
    public ServletResponse getResponse() {
        return response;
    }

    @Override
    public boolean hasOriginalRequestAndResponse() {
        return true;
    }

    @Override
    public void dispatch(String path) {
        throw new UnsupportedOperationException("an exchange comes back to its own servlet");
    }

    @Override
    public void dispatch(ServletContext context, String path) {
        throw new UnsupportedOperationException("an exchange comes back to its own servlet");
    }

    @Override
    public void addListener(AsyncListener listener, ServletRequest other, ServletResponse another) {
        throw new UnsupportedOperationException("a handshake keeps its request and response");
    }

    @Override
    public <T extends AsyncListener> T createListener(Class<T> type) {
        throw new UnsupportedOperationException("listeners are made by those who add them");
    }
}
