package io.fairlead.relay;

import io.fairlead.proxy.tunnel.TunnelEnd.Reason;
import io.fairlead.relay.Verdict.Answer;
import io.fairlead.relay.Verdict.Change;
import io.fairlead.relay.Verdict.Close;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The filters of one direction of a tunnel, one after the other.
 *
 * <p>A message at a time; the next one comes when the last one's stage is complete.
 */
final class FilterChain {

    private static final Logger LOG = LoggerFactory.getLogger(FilterChain.class);

    private final Direction direction;
    private final List<Stage> stages = new ArrayList<>();
    private final Consumer<Message> answers;

    /** @param answers is given what goes back to the sender */
    FilterChain(List<NamedFilter> filters, Direction direction, Consumer<Message> answers) {
        this.direction = direction;
        this.answers = answers;
        filters.forEach(filter -> stages.add(new Stage(filter)));
    }

    /** A filter and its name, for the log. */
    record NamedFilter(String name, TunnelFilter filter) {

        /** Tells it that its tunnel has ended. */
        void end(String route) {
            try {
                filter.ended();
            } catch (RuntimeException bug) {
                LOG.warn("{}: the filter '{}' failed at the end of a tunnel", route, name, bug);
            }
        }
    }

    /** What a filter has thrown. */
    static final class FilterFailure extends Exception {
        private static final long serialVersionUID = 1;

        FilterFailure(String filter, Throwable cause) {
            super("the filter '" + filter + "' failed", cause);
        }
    }

    boolean isEmpty() {
        return stages.isEmpty();
    }

    /**
     * Shows a message, or a part of one, to each.
     *
     * @return what goes on; null if nothing does. It fails by a {@link Breach} or a {@link FilterFailure}
     */
    CompletionStage<@Nullable Message> apply(Message message) {
        return from(0, message);
    }

    private CompletionStage<@Nullable Message> from(int index, Message message) {
        Message next = message;
        for (int i = index; i < stages.size(); i++) {
            Stage stage = stages.get(i);
            CompletableFuture<Verdict> verdict;
            try {
                next = stage.shown(next);
                if (next == null) {
                    return CompletableFuture.completedFuture(null);
                }
                verdict = stage.judge(next);
                if (!verdict.isDone()) {
                    int following = i + 1;
                    Message judged = next;
                    return verdict.handle((said, failure) -> {
                                Message left = stage.follow(judged, said, failure);
                                return left == null
                                        ? CompletableFuture.<@Nullable Message>completedFuture(null)
                                        : from(following, left);
                            })
                            .thenCompose(left -> left);
                }
                next = stage.followed(next, verdict);
            } catch (CompletionException failed) {
                return CompletableFuture.failedFuture(failed.getCause());
            } catch (Breach breach) {
                return CompletableFuture.failedFuture(breach);
            }
            if (next == null) {
                return CompletableFuture.completedFuture(null);
            }
        }
        return CompletableFuture.completedFuture(next);
    }

    /** One filter, and what it has said of the message that is under way. */
    private final class Stage {

        private final NamedFilter named;
        private final int wholeUpTo;
        private @Nullable ByteArrayOutputStream collectedBytes;
        private @Nullable StringBuilder collectedText;
        private int collected;
        private boolean dropping;

        Stage(NamedFilter named) {
            this.named = named;
            this.wholeUpTo = named.filter().wholeUpTo(direction);
        }

        /** What the filter is shown now; null: nothing. */
        @Nullable
        Message shown(Message part) throws Breach {
            if (dropping) {
                dropping = !part.isLast();
                return null;
            }
            if (wholeUpTo == 0) {
                return part;
            }
            collected += part.weight();
            if (collected > wholeUpTo) {
                throw new Breach(
                        Reason.FILTER,
                        CloseCode.TOO_BIG,
                        "a message is longer than the filter '" + named.name() + "' may hold");
            }
            if (part.isWhole()) {
                collected = 0;
                return part;
            }
            return collect(part);
        }

        private @Nullable Message collect(Message part) {
            if (part.isText()) {
                StringBuilder text = collectedText == null ? new StringBuilder() : collectedText;
                text.append(part.text());
                collectedText = text;
                if (!part.isLast()) {
                    return null;
                }
                collectedText = null;
                collected = 0;
                return Message.of(text.toString());
            }
            ByteArrayOutputStream bytes = collectedBytes == null ? new ByteArrayOutputStream() : collectedBytes;
            ByteBuffer from = part.bytes();
            byte[] copy = new byte[from.remaining()];
            from.get(copy);
            bytes.writeBytes(copy);
            collectedBytes = bytes;
            if (!part.isLast()) {
                return null;
            }
            collectedBytes = null;
            collected = 0;
            return Message.of(ByteBuffer.wrap(bytes.toByteArray()));
        }

        CompletableFuture<Verdict> judge(Message message) {
            try {
                return named.filter().filter(direction, message).toCompletableFuture();
            } catch (RuntimeException | LinkageError bug) {
                return CompletableFuture.failedFuture(bug);
            }
        }

        @Nullable
        Message followed(Message judged, CompletableFuture<Verdict> said) {
            Verdict verdict = null;
            Throwable failure = null;
            try {
                verdict = said.join();
            } catch (CompletionException failed) {
                failure = failed.getCause();
            } catch (RuntimeException failed) {
                failure = failed;
            }
            return follow(judged, verdict, failure);
        }

        /** Does what the filter has said. */
        @Nullable
        Message follow(Message judged, @Nullable Verdict said, @Nullable Throwable failure) {
            if (failure != null || said == null) {
                Throwable cause = failure instanceof CompletionException wrapped && wrapped.getCause() != null
                        ? wrapped.getCause()
                        : failure;
                throw new CompletionException(new FilterFailure(
                        named.name(), cause == null ? new NullPointerException("a verdict of null") : cause));
            }
            if (said instanceof Close close) {
                throw new CompletionException(new Breach(Reason.FILTER, close.code(), close.reason()));
            }
            if (said instanceof Change change) {
                return changed(judged, change.instead());
            }
            if (said == Verdict.pass()) {
                return judged;
            }
            if (said instanceof Answer answer) {
                answers.accept(answer.answer());
            }
            if (judged.isFirst()) {
                dropping = !judged.isLast();
                return null;
            }
            return judged.isLast() ? judged.emptied() : null;
        }

        private Message changed(Message judged, Message instead) {
            if (!judged.isWhole() && judged.isText() != instead.isText()) {
                throw new CompletionException(new FilterFailure(
                        named.name(),
                        new IllegalStateException("text and binary can't be mixed in the parts of one message")));
            }
            return judged.placed(instead);
        }
    }
}
