package io.fairlead.proxy;

import io.fairlead.proxy.BackendHandshake.BackendProtocolException;
import io.fairlead.proxy.Deadlines.Deadline;
import io.fairlead.proxy.UpgradeRequest.Form;
import io.fairlead.proxy.backend.Backend;
import io.fairlead.proxy.backend.Backends.Waiting;
import io.fairlead.proxy.backend.Choice;
import io.fairlead.proxy.backend.Choice.None;
import io.fairlead.proxy.backend.Lease;
import io.fairlead.proxy.guard.Admission;
import io.fairlead.proxy.server.ServerAdapter;
import io.fairlead.proxy.tls.HandshakeFault;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.Response;
import org.eclipse.jetty.client.Result;
import org.eclipse.jetty.client.transport.HttpExchange;
import org.eclipse.jetty.client.transport.HttpResponse;
import org.eclipse.jetty.client.transport.internal.HttpConnectionOverHTTP;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpHeaderValue;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request on its way to the backend, and the response on its way back.
 *
 * <p>Events come from threads of the HTTP client, of the server and of the timer. It ends once, by whichever is first: both
 * sides done, or a failure.
 */
final class Exchange implements Response.Listener, BodyRelay.Listener, AsyncListener {

    private static final Logger LOG = LoggerFactory.getLogger(UpgradeProxyServlet.class);

    /** A backend that ignores Expect says nothing, so after so long the body is sent anyway (RFC 9110 section 10.1.1). */
    private static final Duration CONTINUE_PATIENCE = Duration.ofSeconds(1);

    /** So many kept connections may turn out to be closed, one after the other, before a request fails. */
    private static final int MOST_RETRIES = 10;

    /** Jetty keeps bodies up to a quarter of its buffer, by default, others all that fits. */
    private static final int BUFFERED_PART = 4;

    private static final int MOST_BUFFERED = 8 * 1024;

    private static final Set<String> REPEATABLE = Set.of("GET", "HEAD", "OPTIONS");

    /** RFC 9110 section 9.2.2. */
    private static final Set<String> IDEMPOTENT = Set.of("GET", "HEAD", "OPTIONS", "PUT", "DELETE");

    /** What {@code service()} does when it is dispatched to again. */
    interface Resumption {
        void resume(HttpServletRequest request, HttpServletResponse response) throws IOException, ServletException;
    }

    /** Begins to read a request's body. */
    interface BodyOpener {
        Request.Content open(Request request) throws IOException;
    }

    /** Request attribute that holds the {@link Resumption}. */
    static final String RESUME = Exchange.class.getName() + ".resume";

    private final Route route;
    private final HttpServletRequest request;
    private final HttpServletResponse response;
    private final AsyncContext context;
    private final Attempts attempts;
    private final Executor executor;
    private final BodyOpener bodyOpener;
    private volatile RawRequest backendRequest;
    private final @Nullable UpgradeRequest upgrade;
    private final @Nullable Admission admission;
    private final boolean headOverHttp2;
    private final ServerAdapter adapter;
    private final Deadlines deadlines;
    private final Outcomes outcomes;
    private final @Nullable OutcomeDraft draft;
    private final Deadline deadline;
    private volatile @Nullable Deadline continuePatience;
    private volatile @Nullable Deadline silencePatience;
    private final AtomicBoolean ended = new AtomicBoolean();

    /** Whether the client's answer has begun, the backend's or ours. */
    private final AtomicBoolean spoken = new AtomicBoolean();

    /** The response's last byte written, and the client's word that the exchange is over. */
    private final AtomicInteger parts = new AtomicInteger(2);

    /** While no backend has room for it, until it is sent to one that has. */
    private volatile boolean queued;

    private volatile @Nullable Waiting waiting;

    private volatile @Nullable Runnable silence;

    /** Whether anything of it may have come to the backend that it is with. */
    private volatile boolean begun;

    /** An answer that the client has not been told of, since another backend may be the right one. */
    private volatile @Nullable Response held;

    /** Whom to ask in place of the backend whose answer was held; ABSENT as long as it was not, or nobody. */
    private volatile Choice nextToAsk = None.ABSENT;

    private volatile boolean requestSent;
    private volatile boolean listsTransports;

    /** The Content-Length that the client is still to be told. */
    private volatile @Nullable String length;

    private volatile boolean bodyBegun;
    private volatile boolean writing;
    private volatile @Nullable BodyRelay relay;
    private volatile boolean answered;
    private volatile boolean waitingForClient;
    private volatile boolean complete;
    private volatile int retries;
    private volatile @Nullable Throwable clientFailure;

    private volatile @Nullable Runnable departure;

    /** Why there was no secure connection to the backend, where that was the failure. */
    private volatile @Nullable String insecurity;

    /** Told when the backend does not keep what the client was promised; null when nothing was. */
    private volatile @Nullable Consumer<Throwable> promise;

    /**
     * The servlet's request must be asynchronous by now.
     *
     * @param executor for what must not run in the thread that brings the news
     * @param bodyOpener opens the body of a request whose client waits for a 100
     * @param admission of a handshake: closed when it fails, and left to whoever it is {@linkplain #handOver handed over} to
     * @param draft of its outcome; null if nobody wants to know
     */
    Exchange(
            Route route,
            HttpServletRequest request,
            HttpServletResponse response,
            RawRequest backendRequest,
            Attempts attempts,
            Executor executor,
            BodyOpener bodyOpener,
            @Nullable UpgradeRequest upgrade,
            @Nullable Admission admission,
            ServerAdapter adapter,
            Deadlines deadlines,
            Outcomes outcomes,
            @Nullable OutcomeDraft draft) {
        this.route = route;
        this.request = request;
        this.response = response;
        // Kept, since a server may use the request for another client once it is completed.
        this.context = request.getAsyncContext();
        this.backendRequest = backendRequest;
        this.attempts = attempts;
        this.executor = executor;
        this.bodyOpener = bodyOpener;
        this.upgrade = upgrade;
        this.admission = admission;
        this.headOverHttp2 = request.getMethod().equals("HEAD") && !HopHeaders.isHttp1(request.getProtocol());
        this.adapter = adapter;
        this.deadlines = deadlines;
        this.outcomes = outcomes;
        this.draft = draft;
        this.deadline = deadlines.begin(this::expired);
        this.continuePatience = backendRequest.getAttributes().containsKey(BackendClient.CONTINUE)
                ? deadlines.begin(this::sendBodyAnyway)
                : null;
    }

    /** Sends a handshake. A backend that wants more than its head is told of by {@code onSilence}. */
    void start(Runnable onSilence) {
        silence = onSilence;
        start();
    }

    /** Sends the request, as soon as a backend has room for it. */
    void start() {
        context.addListener(this);
        Choice first = attempts.first(IDEMPOTENT.contains(backendRequest.getMethod()) && isRepeatable());
        if (first instanceof Lease lease) {
            send(lease);
        } else if (first == None.FULL) {
            await();
        } else {
            fail(new Verdict.NoBackendException("there is no backend that takes work"));
        }
    }

    /** Waits for a backend with room, for the first time or for another. */
    private void await() {
        waiting = null;
        queued = true;
        deadline.in(route.backends().queueTimeout());
        Waiting place = attempts.await(lease -> executor.execute(() -> served(lease)));
        if (place == null) {
            fail(new RejectedExecutionException("maxQueue requests wait for a backend with room already"));
            return;
        }
        // If it has been served meanwhile, it can't be cancelled any more, and this says nothing.
        waiting = place;
        Throwable gone = clientFailure;
        if (gone != null && place.cancel()) {
            fail(gone);
        }
    }

    private void served(@Nullable Lease lease) {
        if (lease == null) {
            fail(new Verdict.NoBackendException("the route stops"));
            return;
        }
        boolean first = attempts.lease() == null;
        attempts.served(lease);
        if (first) {
            send(lease);
        } else {
            sendAgain(lease);
        }
    }

    private void send(Lease lease) {
        queued = false;
        if (ended.get()) {
            attempts.close();
            return;
        }
        Throwable gone = clientFailure;
        if (gone != null) {
            // Told before there was this request to abort.
            fail(gone);
            return;
        }
        OutcomeDraft facts = draft;
        if (facts != null) {
            facts.sent(lease.backend().address());
        }
        RawRequest sending = backendRequest.to(lease.backend());
        begun = false;
        requestSent = sending.getBody() == null;
        sending.onRequestBegin(request -> begun = true);
        sending.onRequestContent((request, content) -> waitForHead());
        sending.onRequestSuccess(request -> requestSent = true);
        Runnable onSilence = silence;
        if (onSilence != null && upgrade != null && upgrade.form() == Form.HIXIE_76) {
            Deadline patience = deadlines.begin(onSilence);
            silencePatience = patience;
            sending.onRequestSuccess(request -> patience.in(Hixie76.PATIENCE));
        }
        waitForHead();
        Deadline patience = continuePatience;
        if (patience != null) {
            sending.onRequestCommit(head -> patience.in(CONTINUE_PATIENCE));
        }
        sending.send(this);
    }

    /** Whether it can be sent once more without being done twice. */
    private boolean isRepeatable() {
        return (IDEMPOTENT.contains(backendRequest.getMethod()) || !begun) && (body() == null || body().isRepeatable());
    }

    private @Nullable RequestBody body() {
        return backendRequest.getAttributes().get(RequestBody.class.getName()) instanceof RequestBody body
                ? body
                : null;
    }

    /** Sends the same to another backend. */
    private void sendAgain(Lease lease) {
        RawRequest copy = backendRequest.again();
        try {
            sendBodyWith(copy);
        } catch (IOException failure) {
            fail(failure);
            return;
        }
        held = null;
        nextToAsk = None.ABSENT;
        answered = false;
        complete = false;
        backendRequest = copy;
        send(lease);
    }

    private void sendBodyWith(RawRequest copy) throws IOException {
        endPatience();
        RequestBody body = body();
        if (body != null) {
            Request.Content content = body.again();
            if (content == null) {
                throw new IOException("the request's body is not kept to be sent again");
            }
            copy.body(content);
        } else if (continuePatience != null) {
            copy.body(bodyOpener.open(copy));
        }
        // The body follows at once.
        continuePatience = null;
        copy.attribute(BackendClient.CONTINUE, null);
        copy.headers(fields -> fields.remove(HttpHeader.EXPECT));
    }

    private void waitForHead() {
        if (!answered) {
            deadline.in(upgrade != null ? route.handshakeTimeout() : route.timeout());
        }
    }

    private void expired() {
        Waiting place = waiting;
        if (place != null && place.cancel()) {
            fail(new RejectedExecutionException("no backend had room within queueTimeout"));
            return;
        }
        if (queued) {
            if (place == null) {
                // Too early to give up its place, which is not known here yet.
                deadline.in(route.backends().queueTimeout());
            }
            // Else it has just got its turn.
            return;
        }
        TimeoutException failure = new TimeoutException(
                waitingForClient
                        ? "the client took nothing of the response for sendTimeout"
                        : answered
                                ? "the backend paused for longer than idleTimeout"
                                : "no answer from the backend within "
                                        + (upgrade != null ? "handshakeTimeout" : "timeout"));
        backendRequest.abort(failure);
        if (complete) {
            // Nothing is left to abort, so nobody else tells.
            fail(failure);
        }
    }

    private void sendBodyAnyway() {
        HttpExchange exchange = backendRequest.getConversation().getExchanges().peekLast();
        Object start = backendRequest.getAttributes().get(BackendClient.CONTINUE);
        if (exchange != null
                && !answered
                && start instanceof Supplier<?> supplier
                && supplier.get() instanceof Runnable body) {
            exchange.proceed(body, null);
        }
    }

    // ---- the backend's response

    @Override
    public void onHeaders(Response answer) {
        if (upgrade != null && upgrade.extendedConnect() && answer.getStatus() / 100 == 2) {
            // To the client any 2xx would mean that the tunnel stands. To the backend it is an answer.
            answered(answer);
            backendRequest.abort(new BackendProtocolException(
                    "the backend answered " + answer.getStatus() + " to a handshake and did not switch protocols"));
            return;
        }
        if (attempts.mayBeOfAnother() && answer.getStatus() == 400 && !spoken.get()) {
            held = answer;
            return;
        }
        answered(answer);
        speak(answer);
    }

    /** What the answer says of the backend. A preflight is answered by any, and so is what a login answers in its place. */
    private void answered(Response answer) {
        boolean accepts = answer.getStatus() == HttpServletResponse.SC_OK
                && (request.getMethod().equals("GET") || request.getMethod().equals("POST"));
        attempts.answered(answer.getStatus(), accepts);
    }

    /** Gives the client the head of the backend's answer. */
    private void speak(Response answer) {
        if (!spoken.compareAndSet(false, true)) {
            backendRequest.abort(new BackendProtocolException("the backend answered " + answer.getStatus()));
            return;
        }
        answered = true;
        RequestBody body = body();
        if (body != null) {
            body.forget();
        }
        noTunnel();
        endPatience();
        deadline.in(route.idleTimeout());
        OutcomeDraft facts = draft;
        if (facts != null) {
            facts.head();
            facts.answered(answer.getStatus());
        }
        response.setStatus(answer.getStatus());
        List<HttpField> fields = HopHeaders.response(answer.getHeaders());
        listsTransports = upgrade == null
                && !route.hiddenTransports().isEmpty()
                && SocketIo09.mayListTransports(request.getMethod(), backendRequest.getPath(), answer);
        length = listsTransports ? null : answer.getHeaders().get(HttpHeader.CONTENT_LENGTH);
        fields.removeIf(field -> field.getHeader() == HttpHeader.CONTENT_LENGTH);
        copy(forClient(fields), response);
        attempts.addCookie(request, response);
        if (upgrade != null) {
            // Bytes meant for the other protocol may follow on either side: neither connection carries a next request.
            if (!upgrade.extendedConnect()) {
                response.setHeader("Connection", "close");
            }
            ((HttpResponse) answer).headers(sent -> sent.put(HttpHeader.CONNECTION, HttpHeaderValue.CLOSE.asString()));
        } else if (request.getHeader("Upgrade") != null && Hixie76.asksFor(request)) {
            // A handshake that the route drops. Its last eight bytes are no next request.
            response.setHeader("Connection", "close");
        }
    }

    /** A backend's fields in the client's terms. */
    List<HttpField> forClient(List<HttpField> fields) {
        return route.rewrite()
                .fields(fields, this::asked, backendRequest.getHeaders().get(HttpHeader.HOST));
    }

    private Asked asked() {
        return Asked.of(request, route.trustedProxies().contain(request.getRemoteAddr()));
    }

    /** Sets the fields of a backend's head. The first of a name replaces what the server has put there, as a Date. */
    static void copy(List<HttpField> head, HttpServletResponse response) {
        Set<String> names = new HashSet<>();
        for (HttpField field : head) {
            if (names.add(field.getLowerCaseName())) {
                response.setHeader(field.getName(), field.getValue());
            } else {
                response.addHeader(field.getName(), field.getValue());
            }
            if (field.getHeader() == HttpHeader.CONTENT_TYPE) {
                dropGuessedCharset(field.getValue(), response);
            }
        }
    }

    /** Jetty's environment of Jakarta EE 11 adds a charset to a text's type as it is set, when the backend names none. */
    private static void dropGuessedCharset(String type, HttpServletResponse response) {
        String set = response.getContentType();
        if (set != null
                && set.contains("charset=")
                && !type.toLowerCase(Locale.ROOT).contains("charset=")) {
            response.setCharacterEncoding(null);
        }
    }

    @Override
    public void onContentSource(Response answer, Content.Source source) {
        if (held != null) {
            HeldContent.read(source, this::isOfAnother, content -> {
                held = null;
                answered(answer);
                speak(answer);
                relay(content);
            });
        } else {
            relay(source);
        }
    }

    /** Whether an answer says that another backend has the session, and there is another one to ask. */
    private boolean isOfAnother(String answer) {
        if (!EngineIo.isUnknownSession(answer) || (body() != null && !body().isRepeatable())) {
            return false;
        }
        attempts.answered(HttpServletResponse.SC_BAD_REQUEST, false);
        nextToAsk = attempts.nextToAsk();
        return nextToAsk != None.ABSENT;
    }

    /** Tells the client how long the body is, or would be. */
    private void tellLength() {
        String told = length;
        if (told != null) {
            length = null;
            response.setHeader(HttpHeader.CONTENT_LENGTH.asString(), told);
        }
    }

    private void relay(Content.Source source) {
        bodyBegun = true;
        Content.Source content =
                attempts.learning(listsTransports ? new SocketIo09.Body(source, route.hiddenTransports()) : source);
        if (headOverHttp2) {
            tellLength();
            Content.Source.consumeAll(content, Callback.from(this::part, failure -> {}));
            return;
        }
        Content.Chunk first = content.read();
        if (first != null && first.isLast() && !first.hasRemaining() && !Content.Chunk.isFailure(first)) {
            // No body, so no need for the server's write events.
            first.release();
            tellLength();
            part();
            return;
        }
        try {
            String told = length;
            long announced = told == null ? -1 : Long.parseLong(told);
            BodyRelay body = new BodyRelay(content, first, announced, adapter.outputOf(request, response), this);
            relay = body;
            if (clientFailure != null) {
                // Told before there was a relay to stop.
                return;
            }
            if (body.writeWhole(Math.min(response.getBufferSize() / BUFFERED_PART, MOST_BUFFERED))) {
                // Not before: servers write, and wait for the client, as soon as all that they were told of is there.
                tellLength();
                part();
                return;
            }
            tellLength();
            writing = true;
            waitingForClient();
            if (context instanceof WaitingHandshake waiting) {
                waiting.start(() -> start(body));
            } else {
                start(body);
            }
        } catch (IOException | IllegalStateException gone) {
            clientGone(gone);
        }
    }

    private void start(BodyRelay body) {
        try {
            body.start();
        } catch (IllegalStateException gone) {
            clientGone(gone);
        }
    }

    @Override
    public void waitingForBackend() {
        waitingForClient = false;
        deadline.in(route.idleTimeout());
    }

    @Override
    public void waitingForClient() {
        waitingForClient = true;
        deadline.in(route.sendTimeout());
    }

    @Override
    public void relayed() {
        part();
    }

    @Override
    public void onSuccess(Response answer) {
        if (nextToAsk != None.ABSENT) {
            if (!requestSent) {
                backendRequest.abort(new EarlyAnswer());
            }
            return;
        }
        Response without = held;
        if (without != null) {
            held = null;
            answered(without);
            speak(without);
        }
        complete = true;
        if (!bodyBegun) {
            tellLength();
            part();
        }
        if (!requestSent) {
            // Answered before it had the whole request: it does not want the rest.
            HttpExchange exchange =
                    backendRequest.getConversation().getExchanges().peekLast();
            if (exchange != null && continuePatience != null) {
                exchange.proceed(null, new EarlyAnswer());
            }
            backendRequest.abort(new EarlyAnswer());
        }
    }

    @Override
    public void onComplete(Result result) {
        Throwable failure = result.getFailure();
        Consumer<Throwable> promised = promise;
        if (promised != null) {
            endDeadlines();
            if (failure != null) {
                attempts.failed(Answers.describe(failure));
                promised.accept(failure);
            }
            return;
        }
        if (failure != null && wasStale(failure)) {
            // One event at a time.
            retries = retries + 1;
            backendRequest = backendRequest.again();
            Throwable gone = clientFailure;
            if (gone == null) {
                backendRequest.send(this);
            } else {
                fail(gone);
            }
            return;
        }
        Choice next = nextToAsk;
        if (next == None.ABSENT && failure != null && !complete) {
            next = afterFailure(failure);
        }
        if (next instanceof Lease lease) {
            sendAgain(lease);
            return;
        }
        if (next == None.FULL) {
            await();
            return;
        }
        if (failure == null || complete) {
            // The client may have to take the rest, within sendTimeout.
            part();
        } else {
            fail(failure);
        }
    }

    /**
     * Whether the backend may have closed a kept connection while the request was on its way: that is nobody's failure,
     * and a request that may be repeated (RFC 9110 section 9.2.2) gets another connection, until it has a new one.
     */
    private boolean wasStale(Throwable failure) {
        return retries < MOST_RETRIES
                && !answered
                && clientFailure == null
                && failure instanceof IOException
                && !Verdict.isTimeout(failure)
                && backendRequest.getBody() == null
                && REPEATABLE.contains(backendRequest.getMethod())
                && wasKept();
    }

    /** Another backend, if this one's failure was none of the client's and nothing is done twice by that. */
    private Choice afterFailure(Throwable failure) {
        if (!isTheBackends(failure)) {
            return None.ABSENT;
        }
        if (Verdict.isTimeout(failure) || !begun || !wasKept()) {
            // A kept connection may be closed while a request is on its way, which is nobody's failure.
            attempts.failed(Answers.describe(failure));
        }
        if (spoken.get() || outcomes.isStopping() || !isRepeatable()) {
            return None.ABSENT;
        }
        Choice next = attempts.afterFailure();
        if (next != None.ABSENT) {
            LOG.info(
                    "{}: {} {} goes on to another backend: {}",
                    route.name(),
                    Answers.clean(request.getMethod()),
                    Answers.clean(request.getRequestURI()),
                    Answers.describe(failure));
        }
        return next;
    }

    /**
     * Whether a failure says something of the backend: it could not be reached, broke off, or was silent although it had the
     * whole request. What it answers says more, and what the client does says nothing.
     */
    private boolean isTheBackends(Throwable failure) {
        if (clientFailure != null) {
            return false;
        }
        if (Verdict.isTimeout(failure)) {
            return requestSent || !begun;
        }
        return failure instanceof IOException;
    }

    private boolean wasKept() {
        return backendRequest.getConnection() instanceof HttpConnectionOverHTTP used && used.getMessagesOut() > 1;
    }

    private void part() {
        if (parts.decrementAndGet() == 0 && ended.compareAndSet(false, true)) {
            noTunnel();
            endDeadlines();
            completeAsync();
            ended(EndedBy.COMPLETE, null);
        }
    }

    // ---- the end by failure

    /** The client's connection is of no use any more. */
    @Override
    public void clientGone(Throwable failure) {
        clientFailure = failure;
        stopBodies();
        LOG.debug("{}: the client went away", route.name(), failure);
        Runnable then = departure;
        if (then != null) {
            then.run();
        }
        backendRequest.abort(failure);
        Waiting place = waiting;
        if (complete || (place != null && place.cancel())) {
            // Nothing is left to abort, so nobody else tells.
            fail(failure);
        }
    }

    /** Ends the exchange without the backend's complete response. Only the first end counts. */
    void fail(Throwable failure) {
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        noTunnel();
        endDeadlines();
        stopBodies();
        try {
            if (clientFailure == null && response.isCommitted()) {
                LOG.debug("{}: a response is cut off", route.name(), failure);
                if (!outcomes.isStopping() || !adapter.cutOffNow(request)) {
                    resume((again, out) -> adapter.cutOff(again));
                    ended(endedBy(failure), failure);
                    return;
                }
            }
            if (!response.isCommitted()) {
                answer(failure);
            }
        } catch (IOException | RuntimeException gone) {
            LOG.debug("{}: the client is gone", route.name(), gone);
        }
        completeAsync();
        ended(endedBy(failure), failure);
    }

    private EndedBy endedBy(Throwable failure) {
        Throwable client = clientFailure;
        if (client != null) {
            return client instanceof RequestBody.TakenException ? EndedBy.REFUSED : EndedBy.CLIENT;
        }
        EndedBy endedBy = Verdict.of(failure).endedBy;
        return outcomes.isStopping() && endedBy != EndedBy.TIMEOUT ? EndedBy.SHUTDOWN : endedBy;
    }

    /** Tells how it went; the bodies are stopped, and the server may have the request back. */
    private void ended(EndedBy endedBy, @Nullable Throwable failure) {
        attempts.close();
        outcomes.ended(endedBy);
        if (upgrade != null) {
            outcomes.handshakeRefused();
        }
        OutcomeDraft facts = draft;
        if (facts == null) {
            return;
        }
        String cause = insecurity;
        if (cause == null && failure != null) {
            Throwable client = clientFailure;
            cause = Answers.describe(client == null ? failure : client);
        }
        BodyRelay answer = relay;
        RequestBody body = body();
        long up = body == null ? 0 : body.bytes();
        outcomes.tell(facts.http(endedBy, cause, up, answer == null ? 0 : answer.bytes()));
    }

    /** A handshake has failed. What follows, if anything, is a response as to any other request. */
    private void noTunnel() {
        if (admission != null) {
            admission.close();
        }
    }

    /** Nothing of the server's is touched any more, so that it may have it back. */
    private void stopBodies() {
        BodyRelay answer = relay;
        if (answer != null) {
            answer.stop();
        }
        RequestBody body = body();
        if (body != null) {
            body.stop();
        }
    }

    /** Has {@code next} done in {@code service()}. */
    void resume(Resumption next) {
        request.setAttribute(RESUME, next);
        context.dispatch();
    }

    private void answer(Throwable failure) throws IOException {
        Throwable client = clientFailure;
        int status;
        String id;
        if (client == null) {
            String fault = tlsFault(failure);
            insecurity = fault;
            Verdict verdict = fault == null ? Verdict.of(failure) : Verdict.INSECURE;
            String detail = "(" + (fault == null ? Answers.describe(failure) : fault) + ")";
            status = verdict.status;
            id = Answers.sendWithDetail(
                    request, response, status, verdict.sentence, LOG, route.name(), detail, writing);
        } else if (client instanceof RequestBody.TakenException) {
            status = HttpServletResponse.SC_INTERNAL_SERVER_ERROR;
            String detail = "(" + client.getMessage() + ")";
            id = Answers.sendWithDetail(
                    request,
                    response,
                    status,
                    "The request's body did not come to the proxy.",
                    LOG,
                    route.name(),
                    detail,
                    writing);
        } else {
            status = Verdict.isTimeout(client)
                    ? HttpServletResponse.SC_REQUEST_TIMEOUT
                    : HttpServletResponse.SC_BAD_REQUEST;
            id = Answers.send(
                    request,
                    response,
                    status,
                    "The request could not be read to its end.",
                    LOG,
                    route.name(),
                    client,
                    writing);
        }
        OutcomeDraft facts = draft;
        if (facts != null) {
            facts.answered(status, id);
        }
    }

    private @Nullable String tlsFault(Throwable failure) {
        Lease lease = attempts.lease();
        return route.client().tls() == null || Verdict.isTimeout(failure) || lease == null
                ? null
                : HandshakeFault.of(
                        BackendTls.cause(failure, backendRequest.getConnection()),
                        lease.backend().address());
    }

    /** When it completes a HEAD over HTTP/2, or is asked for write events, Tomcat ends the stream before the fields. */
    private void sendHead() {
        try {
            if (headOverHttp2 && !response.isCommitted()) {
                response.flushBuffer();
            }
            adapter.beforeComplete(request, response);
        } catch (IOException gone) {
            LOG.debug("{}: the client is gone", route.name(), gone);
        }
    }

    private void completeAsync() {
        stopBodies();
        try {
            sendHead();
            context.complete();
        } catch (IllegalStateException serverWasFirst) {
            LOG.debug("{}: the server has completed the request already", route.name(), serverWasFirst);
        }
    }

    private void endDeadlines() {
        deadline.end();
        endPatience();
    }

    private void endPatience() {
        Deadline patience = continuePatience;
        if (patience != null) {
            patience.end();
        }
        Deadline silence = silencePatience;
        if (silence != null) {
            silence.end();
        }
    }

    /** The backend that it is with; null if it is with none. */
    @Nullable
    Backend backend() {
        Lease lease = attempts.lease();
        return lease == null ? null : lease.backend();
    }

    /** For a tunnel: the backend has one more of them, until what is given is closed. */
    @Nullable
    Lease becomesTunnel() {
        return attempts.becomesTunnel();
    }

    /** For a tunnel, which closes them at its end. */
    Attempts attempts() {
        return attempts;
    }

    /** Adds what ties the client to the backend that has answered. */
    void addCookie(HttpServletResponse to) {
        attempts.addCookie(request, to);
    }

    /** For a tunnel that is not joined with the client yet: {@code then} is run if that goes, or has gone. Perhaps twice. */
    void ifClientGoes(Runnable then) {
        departure = then;
        if (clientFailure != null) {
            then.run();
        }
    }

    /** For a tunnel: the handshake is over, and the deadlines with it. False when the client has its answer already. */
    boolean handOver() {
        endDeadlines();
        attempts.answered(HttpServletResponse.SC_SWITCHING_PROTOCOLS, true);
        return spoken.compareAndSet(false, true) && ended.compareAndSet(false, true);
    }

    /**
     * For a tunnel whose client is answered before the backend has answered; the backend's deadline stays.
     *
     * @param broken told when the backend answers otherwise, or not at all
     * @return false when the client has its answer already
     */
    boolean promise(Consumer<Throwable> broken) {
        promise = broken;
        if (spoken.compareAndSet(false, true) && ended.compareAndSet(false, true)) {
            return true;
        }
        promise = null;
        return false;
    }

    boolean isPromised() {
        return promise != null;
    }

    /** Sends what the backend waits for behind the head that it has. */
    void sendBehindHead(byte[] bytes) {
        if (backendRequest.getConnection() instanceof HttpConnectionOverHTTP connection) {
            connection.getEndPoint().write(Callback.from(() -> {}, this::abort), ByteBuffer.wrap(bytes));
        } else {
            abort(new IOException("the backend's connection is gone"));
        }
    }

    void abort(Throwable failure) {
        backendRequest.abort(failure);
    }

    // ---- the server's word on the asynchronous request

    @Override
    public void onError(AsyncEvent event) {
        Throwable failure = event.getThrowable();
        clientGone(failure == null ? new IOException("the client's connection failed") : failure);
    }

    @Override
    public void onComplete(AsyncEvent event) {
        // By us, or told before as an error.
    }

    @Override
    public void onTimeout(AsyncEvent event) {
        // Its timeout is none.
    }

    @Override
    public void onStartAsync(AsyncEvent event) {
        event.getAsyncContext().addListener(this);
    }

    /** Why a request is not sent to its end. */
    private static final class EarlyAnswer extends Exception {
        private static final long serialVersionUID = 1;

        EarlyAnswer() {
            super("the backend has answered before it had the whole request", null, false, false);
        }
    }
}
