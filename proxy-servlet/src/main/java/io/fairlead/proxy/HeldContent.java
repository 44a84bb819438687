package io.fairlead.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.util.thread.Invocable;
import org.eclipse.jetty.util.thread.Invocable.InvocationType;
import org.jspecify.annotations.Nullable;

/** The body of an answer that was looked at before the client is told of it: what was read of it, and then the rest. */
final class HeldContent implements Content.Source {

    /** An answer that is longer is none of those that are looked for. */
    private static final int MOST = 1024;

    private final Content.Source rest;
    private Content.@Nullable Chunk first;

    private HeldContent(byte[] held, boolean whole, Content.Source rest) {
        this.first = Content.Chunk.from(ByteBuffer.wrap(held), whole);
        this.rest = rest;
    }

    /**
     * Reads an answer to its end, or up to 1 KB. One that fails is left to whoever is told of the exchange's end.
     *
     * @param keep given the whole answer if it is not longer; whether it stays here
     * @param passOn given the answer if it does not
     */
    static void read(Content.Source source, Predicate<String> keep, Consumer<Content.Source> passOn) {
        read(source, keep, passOn, new ByteArrayOutputStream());
    }

    private static void read(
            Content.Source source,
            Predicate<String> keep,
            Consumer<Content.Source> passOn,
            ByteArrayOutputStream seen) {
        boolean last = false;
        while (!last && seen.size() <= MOST) {
            Content.Chunk chunk = source.read();
            if (chunk == null) {
                source.demand(Invocable.from(InvocationType.NON_BLOCKING, () -> read(source, keep, passOn, seen)));
                return;
            }
            if (Content.Chunk.isFailure(chunk)) {
                return;
            }
            last = chunk.isLast();
            ByteBuffer bytes = chunk.getByteBuffer();
            byte[] array = new byte[bytes.remaining()];
            bytes.get(array);
            chunk.release();
            seen.writeBytes(array);
        }
        if (seen.size() > MOST || !keep.test(seen.toString(ISO_8859_1))) {
            passOn.accept(new HeldContent(seen.toByteArray(), last, source));
        }
    }

    @Override
    public Content.@Nullable Chunk read() {
        Content.Chunk chunk = first;
        first = null;
        return chunk == null ? rest.read() : chunk;
    }

    @Override
    public void demand(Runnable demandCallback) {
        rest.demand(demandCallback);
    }

    @Override
    public void fail(Throwable failure) {
        rest.fail(failure);
    }
}
