package io.fairlead.relay;

import io.fairlead.proxy.tunnel.Leg;
import io.fairlead.proxy.tunnel.TunnelEnd.Reason;
import io.fairlead.relay.FilterChain.NamedFilter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The client's leg of a relay: to the tunnel a stream of a client's frames, in truth messages of a session of the server's.
 *
 * <pre>
 *  session ── messages ──▶ filters ──▶ FrameWriter ──▶ {@link #read}      the tunnel ⇄ the backend
 *  session ◀── ClientSession ◀── filters ◀── FrameReader ◀── {@link #write}
 * </pre>
 *
 * <p>In each direction {@code buffer} bytes may wait. Toward the client that stops the tunnel reading from the backend. Toward the
 * backend it stops the server reading from the client, where it can be asked to, and else has its thread wait.
 */
final class MessageLeg implements Leg {

    private static final Logger LOG = LoggerFactory.getLogger(MessageLeg.class);
    private static final Runnable NOBODY = () -> {};

    /** Messages in a row before other tunnels of the route have their turn. */
    private static final int TURNS = 64;

    /** What waits in a direction, with filters' answers that the sender does not take, so many times the buffer at the most. */
    private static final int MOST_WITH_ANSWERS = 8;

    /** What goes one way or the other, in order. */
    private sealed interface Item {
        record Data(Message message) implements Item {}

        record Reply(Message message) implements Item {}

        record Ping(ByteBuffer payload) implements Item {}

        record Pong(ByteBuffer payload) implements Item {}

        record Closing(int code, String reason) implements Item {}

        /** The session is gone without a Close frame. */
        record Gone() implements Item {}
    }

    private final Conversation about;
    private final ClientSession client;
    private final int buffer;
    private final List<NamedFilter> filters;
    private final Consumer<Leg> taker;
    private final FilterChain upChain;
    private final FilterChain downChain;
    private final FrameWriter writer;
    private final FrameReader reader;
    private final Deflate.@Nullable Compression compression;
    private final Brake brake;
    private final Lane<Item> up;
    private final Lane<Item> down;
    private final SurrogateParts texts = new SurrogateParts();
    private final AtomicBoolean released = new AtomicBoolean();

    // A client's message that is under way; the session's thread only.
    private boolean partial;

    /** What a server still brings then is from behind what has failed, or lacks what was. */
    private volatile boolean sessionFailed;

    // What may not be sent before the message under way ends; each lane's only.
    private final Replies repliesUp = new Replies();
    private final Replies repliesDown = new Replies();
    private boolean messageUp;

    /** A filter has refused a message: those behind it do not pass. */
    private boolean downStopped;

    /** Guards the fields below. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Deque<ByteBuffer> frames = new ArrayDeque<>();
    private long framesBytes;
    private boolean readerWaits;
    private boolean gone;
    private boolean sessionClosed;
    private boolean closed;
    private @Nullable IOException failure;

    /** Written in its lane, and read at the end, too. */
    private volatile boolean messageDown;

    private volatile boolean writerWaits;
    private volatile boolean endWanted;
    private volatile boolean closePassed;
    private volatile boolean closeSent;
    private volatile Runnable listener = NOBODY;

    /** Null before the loop has the leg; what is refused until then waits. */
    private @Nullable Closer closer;

    private @Nullable Breach refusal;

    /** Whether the tunnel knows of it. Until then the end of the client, which may follow from it, is not shown. */
    private boolean refusalTold;

    /**
     * @param deflate what was agreed on with the backend; null: no compression
     * @param taker is given it when it is {@link #opened}
     */
    MessageLeg(
            Conversation about,
            ClientSession client,
            @Nullable Pausing pausing,
            RelayPool pool,
            int buffer,
            List<NamedFilter> filters,
            @Nullable Deflate deflate,
            Consumer<Leg> taker) {
        this.about = about;
        this.client = client;
        this.buffer = buffer;
        this.filters = filters;
        this.taker = taker;
        this.compression = deflate == null ? null : new Deflate.Compression(deflate);
        this.writer = new FrameWriter(compression);
        this.reader = new FrameReader(deflate == null ? null : new Deflate.Inflation(deflate), new Backend());
        this.brake = new Brake(pausing, pool, buffer, this::waitingUp);
        this.up = new Lane<>(Runnable::run, Integer.MAX_VALUE, this::goesUp, brake::ease);
        this.down = new Lane<>(pool.quick(), TURNS, this::goesDown, this::downIsLighter);
        this.upChain = new FilterChain(filters, Direction.TO_BACKEND, this::answerToClient);
        this.downChain = new FilterChain(filters, Direction.TO_CLIENT, this::answerToBackend);
    }

    // ---- from the session; its threads

    /** The session is ready. */
    void opened() {
        taker.accept(this);
    }

    void text(String part, boolean last) {
        String whole = texts.join(part, last);
        received(Message.of(whole, !partial, last));
    }

    /** @param part may be used by the server again when this returns */
    void binary(ByteBuffer part, boolean last) {
        byte[] copy = new byte[part.remaining()];
        part.get(copy);
        received(Message.of(ByteBuffer.wrap(copy), !partial, last));
    }

    private void received(Message message) {
        if (sessionFailed) {
            return;
        }
        partial = !message.isLast();
        up.add(new Item.Data(message), message.weight());
        slowDown();
    }

    /** The client sends no faster than the backend takes. */
    private void slowDown() {
        if (!brake.apply()) {
            refuse(new Breach(
                    Reason.LIMIT, CloseCode.TRY_AGAIN_LATER, "more than relayThreads wait for slow backends"));
        }
    }

    void pong(ByteBuffer payload) {
        if (sessionFailed) {
            return;
        }
        byte[] copy = new byte[payload.remaining()];
        payload.get(copy);
        up.add(new Item.Pong(ByteBuffer.wrap(copy)), copy.length);
        slowDown();
    }

    /** The server has found a fault in what the client sent, and closes the session. Nothing from behind it goes on. */
    void sessionFailed() {
        sessionFailed = true;
    }

    /** The session is closed, by whomever. */
    void sessionClosed(int code, String reason) {
        if (released.get()) {
            // The tunnel is over, and the application perhaps, too.
            return;
        }
        sessionFailed = true;
        boolean said = code == CloseCode.NONE || CloseCode.maySend(code);
        up.add(said ? new Item.Closing(code, reason) : new Item.Gone(), 0);
        lock.lock();
        try {
            sessionClosed = true;
        } finally {
            lock.unlock();
        }
        brake.release();
    }

    /** The bytes that wait for the backend. */
    private long waitingUp() {
        lock.lock();
        try {
            return framesBytes + up.weight();
        } finally {
            lock.unlock();
        }
    }

    // ---- to the backend; one thread at a time

    private @Nullable CompletionStage<?> goesUp(Item item) {
        if (isRefused() && !(item instanceof Item.Closing || item instanceof Item.Gone)) {
            return null;
        }
        if (item instanceof Item.Data data) {
            return upChain.isEmpty() ? sendUp(data.message()) : filtered(upChain, data.message(), this::sendUp);
        } else if (item instanceof Item.Reply reply) {
            if (messageUp) {
                repliesUp.add(reply.message());
            } else {
                emit(writer.message(reply.message()));
            }
        } else if (item instanceof Item.Pong pong) {
            emit(writer.pong(pong.payload()));
        } else if (item instanceof Item.Closing closing) {
            emit(writer.close(closing.code(), ClientSession.fit(closing.reason())));
            ends(false);
        } else {
            ends(true);
        }
        return null;
    }

    private @Nullable CompletionStage<?> sendUp(Message message) {
        messageUp = !message.isLast();
        emit(writer.message(message));
        for (Message reply = messageUp ? null : repliesUp.poll(); reply != null; reply = repliesUp.poll()) {
            emit(writer.message(reply));
        }
        return null;
    }

    /** Answers that wait for the end of a message. Used in one lane; their weight may be asked for on any thread. */
    private static final class Replies {

        private final Queue<Message> waiting = new ArrayDeque<>();
        private final AtomicLong weight = new AtomicLong();

        void add(Message reply) {
            waiting.add(reply);
            weight.addAndGet(reply.weight() + Lane.OVERHEAD);
        }

        @Nullable
        Message poll() {
            Message next = waiting.poll();
            if (next != null) {
                weight.addAndGet(-next.weight() - Lane.OVERHEAD);
            }
            return next;
        }

        long weight() {
            return weight.get();
        }
    }

    private void answerToClient(Message answer) {
        answer(down, answer, down.weight() + repliesDown.weight());
    }

    private void answerToBackend(Message answer) {
        answer(up, answer, waitingUp() + repliesUp.weight());
    }

    private void answer(Lane<Item> to, Message answer, long waiting) {
        if (waiting >= (long) buffer * MOST_WITH_ANSWERS) {
            refuse(new Breach(
                    Reason.LIMIT, CloseCode.TRY_AGAIN_LATER, "more answers of filters wait than there is room for"));
        } else {
            to.add(new Item.Reply(answer), answer.weight());
        }
    }

    private interface Next {
        @Nullable
        CompletionStage<?> send(Message message);
    }

    /** What the filters leave of a message is sent; a failure ends the tunnel. */
    private @Nullable CompletionStage<?> filtered(FilterChain chain, Message message, Next next) {
        return chain.apply(message)
                .handle((left, failed) -> {
                    CompletionStage<?> sending = null;
                    if (failed != null) {
                        downStopped |= chain == downChain;
                        refused(failed instanceof CompletionException wrapped ? wrapped.getCause() : failed);
                    } else if (left != null) {
                        sending = next.send(left);
                    }
                    return sending == null ? CompletableFuture.<Object>completedFuture(null) : sending;
                })
                .thenCompose(sending -> sending);
    }

    private void emit(ByteBuffer frame) {
        boolean wake;
        lock.lock();
        try {
            frames.add(frame);
            framesBytes += frame.remaining() + Lane.OVERHEAD;
            wake = readerWaits;
            readerWaits = false;
        } finally {
            lock.unlock();
        }
        if (wake) {
            listener.run();
        }
    }

    private void ends(boolean withoutAWord) {
        lock.lock();
        try {
            gone = true;
            if (withoutAWord) {
                endWanted = true;
            }
            readerWaits = false;
        } finally {
            lock.unlock();
        }
        listener.run();
    }

    // ---- to the client; one thread at a time

    private @Nullable CompletionStage<?> goesDown(Item item) {
        if (isGone() || (downStopped && !(item instanceof Item.Closing))) {
            return null;
        }
        if (item instanceof Item.Data data) {
            return downChain.isEmpty() ? sendDown(data.message()) : filtered(downChain, data.message(), this::sendDown);
        } else if (item instanceof Item.Reply reply) {
            if (messageDown) {
                repliesDown.add(reply.message());
                return null;
            }
            return watched(client.send(reply.message()));
        } else if (item instanceof Item.Ping ping) {
            return watched(client.ping(ping.payload()));
        } else if (item instanceof Item.Pong pong) {
            return watched(client.pong(pong.payload()));
        } else if (item instanceof Item.Closing closing) {
            return client.close(closing.code(), closing.reason(), messageDown).handle((done, failed) -> {
                if (failed != null) {
                    LOG.debug("{}: a session could not be closed", about.route(), failed);
                }
                closeSent = true;
                return null;
            });
        }
        return null;
    }

    private CompletionStage<?> sendDown(Message message) {
        messageDown = !message.isLast();
        CompletionStage<?> sending = client.send(message);
        for (Message reply = messageDown ? null : repliesDown.poll(); reply != null; reply = repliesDown.poll()) {
            Message next = reply;
            sending = sending.thenCompose(sent -> client.send(next));
        }
        return watched(sending);
    }

    /** The same, and a failure is the client's. */
    private CompletionStage<?> watched(CompletionStage<?> sending) {
        return sending.handle((sent, failed) -> {
            if (failed != null) {
                sendFailed(failed);
            }
            return null;
        });
    }

    private void sendFailed(Throwable cause) {
        lock.lock();
        try {
            if (sessionClosed || closed || failure != null) {
                return;
            }
            failure = new IOException("the client takes no more messages", cause);
            readerWaits = false;
        } finally {
            lock.unlock();
        }
        listener.run();
    }

    private boolean isGone() {
        lock.lock();
        try {
            return sessionClosed || closed || failure != null;
        } finally {
            lock.unlock();
        }
    }

    private void downIsLighter() {
        if (writerWaits && (down.weight() < buffer)) {
            writerWaits = false;
            listener.run();
        }
    }

    /** A message, or a filter's word on one, ends the tunnel. */
    private void refused(@Nullable Throwable cause) {
        if (cause instanceof Breach breach) {
            refuse(breach);
            return;
        }
        Throwable why = cause != null && cause.getCause() != null ? cause.getCause() : cause;
        LOG.warn(
                "{}: tunnel {} of {} ends: {}: {}",
                about.route(),
                about.id(),
                about.client(),
                cause == null ? "a filter failed" : cause.getMessage(),
                String.valueOf(why).replaceAll("\\p{Cntrl}", " "));
        LOG.debug("{}: tunnel {}", about.route(), about.id(), cause);
        refuse(new Breach(Reason.FILTER, CloseCode.INTERNAL_ERROR, "a filter failed"));
    }

    /** Tells the client behind what it was sent, and the tunnel, which tells the backend. Nothing more passes. */
    private void refuse(Breach breach) {
        Closer ends;
        lock.lock();
        try {
            if (refusal != null) {
                return;
            }
            refusal = breach;
            ends = closer;
        } finally {
            lock.unlock();
        }
        String text = ClientSession.fit(breach.text());
        if (ends != null) {
            ends.close(breach.reason(), breach.code(), text, this::refusalTold);
        }
        closePassed = true;
        down.add(new Item.Closing(breach.code(), text), 1);
    }

    private void refusalTold() {
        lock.lock();
        try {
            refusalTold = true;
            readerWaits = false;
        } finally {
            lock.unlock();
        }
        listener.run();
    }

    /** With the lock held. */
    private boolean showsEnd() {
        return refusal == null || refusalTold;
    }

    private boolean isRefused() {
        lock.lock();
        try {
            return refusal != null;
        } finally {
            lock.unlock();
        }
    }

    /** What the backend sends; the loop's thread. */
    private final class Backend implements FrameReader.Sink {

        @Override
        public void message(Message part) {
            down.add(new Item.Data(part), part.weight());
        }

        @Override
        public void ping(ByteBuffer payload) {
            down.add(new Item.Ping(payload), payload.remaining());
        }

        @Override
        public void pong(ByteBuffer payload) {
            down.add(new Item.Pong(payload), payload.remaining());
        }

        @Override
        public void close(int code, String reason) {
            closePassed = true;
            down.add(new Item.Closing(code, reason), 1);
            listener.run();
        }
    }

    // ---- the loop's side

    @Override
    public void onReady(Runnable ready) {
        listener = ready;
    }

    @Override
    public void onRefusal(Closer ends) {
        Breach breach;
        lock.lock();
        try {
            closer = ends;
            breach = refusal;
        } finally {
            lock.unlock();
        }
        if (breach != null) {
            ends.close(breach.reason(), breach.code(), ClientSession.fit(breach.text()), this::refusalTold);
        }
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        int length = 0;
        lock.lock();
        try {
            for (ByteBuffer frame = frames.peek(); frame != null && into.hasRemaining(); frame = frames.peek()) {
                int next = Math.min(frame.remaining(), into.remaining());
                into.put(into.position(), frame, frame.position(), next);
                into.position(into.position() + next);
                frame.position(frame.position() + next);
                length += next;
                if (!frame.hasRemaining()) {
                    frames.remove();
                    framesBytes -= Lane.OVERHEAD;
                }
            }
            framesBytes -= length;
            if (length == 0) {
                if (failure != null && showsEnd()) {
                    throw failure;
                }
                if (gone && (endWanted || closePassed) && showsEnd()) {
                    return -1;
                }
                readerWaits = true;
                return 0;
            }
        } finally {
            lock.unlock();
        }
        brake.ease();
        return length;
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
        throwFailure();
        if (isRefused()) {
            from.position(from.limit());
            return;
        }
        try {
            do {
                writerWaits = false;
                while (down.weight() < buffer && reader.step(from)) {}
                if (!from.hasRemaining() && !reader.holdsMore()) {
                    return;
                }
                writerWaits = true;
            } while (down.weight() < buffer);
        } catch (Breach breach) {
            from.position(from.limit());
            refused(breach);
        }
    }

    /** What waits here is as good as sent, up to the last word: that must be out. */
    @Override
    public boolean flush() throws IOException {
        throwFailure();
        if (reader.holdsMore() && !isRefused()) {
            write(ByteBuffer.allocate(0));
            if (reader.holdsMore()) {
                return false;
            }
        }
        if ((closePassed && !closeSent) || endWanted) {
            writerWaits = down.weight() > 0 && !isGone();
            return !writerWaits || down.weight() == 0;
        }
        return true;
    }

    private void throwFailure() throws IOException {
        lock.lock();
        try {
            if (failure != null && showsEnd()) {
                throw new IOException(failure);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void shutdownOutput() {
        endWanted = true;
        listener.run();
    }

    @Override
    public void close() {
        if (!released.compareAndSet(false, true)) {
            return;
        }
        boolean open;
        lock.lock();
        try {
            open = !sessionClosed;
            closed = true;
            frames.clear();
            framesBytes = 0;
        } finally {
            lock.unlock();
        }
        up.end();
        down.end();
        // The client's answer to a Close frame is still to be read.
        brake.release();
        reader.close();
        if (compression != null) {
            compression.close();
        }
        if (open) {
            client.abandon(messageDown);
        }
        filters.forEach(filter -> filter.end(about.route()));
    }

    /** The Jakarta API has no reset. */
    @Override
    public void reset() {
        close();
    }

    @Override
    public @Nullable SelectableChannel channel() {
        return null;
    }

    @Override
    public boolean buffersInput() {
        return true;
    }

    @Override
    public boolean isOpen() {
        lock.lock();
        try {
            return failure == null || !showsEnd();
        } finally {
            lock.unlock();
        }
    }
}
