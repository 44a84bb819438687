package io.fairlead.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.relay.FilterChain.FilterFailure;
import io.fairlead.relay.FilterChain.NamedFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FilterChainTest {

    private final List<String> answers = new ArrayList<>();

    private FilterChain chain(TunnelFilter... filters) {
        List<NamedFilter> named = new ArrayList<>();
        for (TunnelFilter filter : filters) {
            named.add(new NamedFilter("f" + named.size(), filter));
        }
        return new FilterChain(named, Direction.TO_BACKEND, answer -> answers.add(answer.text()));
    }

    private static TunnelFilter says(Verdict verdict) {
        return (direction, message) -> TunnelFilter.now(verdict);
    }

    private static TunnelFilter whole(int upTo) {
        return new TunnelFilter() {
            @Override
            public CompletionStage<Verdict> filter(Direction direction, Message message) {
                return TunnelFilter.now(Verdict.change(Message.of("[" + message.text() + "]")));
            }

            @Override
            public int wholeUpTo(Direction direction) {
                return upTo;
            }
        };
    }

    private static @Nullable Message apply(FilterChain chain, Message message) {
        CompletableFuture<@Nullable Message> stage = chain.apply(message).toCompletableFuture();
        assertThat(stage).isDone();
        return stage.join();
    }

    private static @Nullable Throwable failure(FilterChain chain, Message message) {
        try {
            chain.apply(message).toCompletableFuture().join();
            return null;
        } catch (CompletionException failed) {
            return failed.getCause();
        }
    }

    private static String shown(@Nullable Message message) {
        return message == null
                ? "nothing"
                : (message.isFirst() ? "<" : "") + message.text() + (message.isLast() ? ">" : "");
    }

    @Test
    void filtersSeeWhatThoseBeforeThemLeave() {
        FilterChain chain = chain(
                says(Verdict.pass()),
                (direction, message) -> TunnelFilter.now(Verdict.change(Message.of(message.text() + "1"))),
                (direction, message) -> TunnelFilter.now(Verdict.change(Message.of(message.text() + "2"))));
        assertThat(shown(apply(chain, Message.of("x")))).isEqualTo("<x12>");
        assertThat(shown(apply(chain, Message.of("x", true, false)))).isEqualTo("<x12");
        assertThat(shown(apply(chain, Message.of("y", false, true)))).isEqualTo("y12>");
    }

    @Test
    void aDroppedBeginningDropsTheMessage() {
        FilterChain chain = chain((direction, message) ->
                TunnelFilter.now(message.text().startsWith("no") ? Verdict.drop() : Verdict.pass()));
        assertThat(shown(apply(chain, Message.of("no", true, false)))).isEqualTo("nothing");
        assertThat(shown(apply(chain, Message.of("more", false, false)))).isEqualTo("nothing");
        assertThat(shown(apply(chain, Message.of("end", false, true)))).isEqualTo("nothing");
        assertThat(shown(apply(chain, Message.of("next")))).isEqualTo("<next>");
        assertThat(shown(apply(chain, Message.of("yes", true, false)))).isEqualTo("<yes");
        assertThat(shown(apply(chain, Message.of("no", false, false)))).isEqualTo("nothing");
        assertThat(shown(apply(chain, Message.of("no", false, true)))).isEqualTo(">");
    }

    @Test
    void anAnswerGoesBackAndTheMessageNoFurther() {
        FilterChain chain = chain(says(Verdict.answer(Message.of("sorry"))), says(Verdict.close(1008, "not reached")));
        assertThat(shown(apply(chain, Message.of("x")))).isEqualTo("nothing");
        assertThat(answers).containsExactly("sorry");
    }

    @Test
    void aFilterMayWantMessagesWhole() {
        FilterChain chain = chain(whole(10));
        assertThat(shown(apply(chain, Message.of("ab", true, false)))).isEqualTo("nothing");
        assertThat(shown(apply(chain, Message.of("cd", false, false)))).isEqualTo("nothing");
        assertThat(shown(apply(chain, Message.of("ef", false, true)))).isEqualTo("<[abcdef]>");
        assertThat(shown(apply(chain, Message.of("0123456789")))).isEqualTo("<[0123456789]>");
        assertThat(failure(chain, Message.of("0123456789a")))
                .isInstanceOfSatisfying(
                        Breach.class, breach -> assertThat(breach.code()).isEqualTo(1009));
    }

    @Test
    void aCloseIsABreachWithItsCode() {
        assertThat(failure(chain(says(Verdict.close(4000, "enough"))), Message.of("x")))
                .isInstanceOfSatisfying(Breach.class, breach -> {
                    assertThat(breach.code()).isEqualTo(4000);
                    assertThat(breach.text()).isEqualTo("enough");
                });
    }

    @Test
    void whatAFilterThrowsIsItsFailure() {
        FilterChain thrown = chain((direction, message) -> {
            throw new IllegalStateException("bug");
        });
        assertThat(failure(thrown, Message.of("x")))
                .isInstanceOf(FilterFailure.class)
                .hasMessageContaining("'f0'")
                .hasRootCauseMessage("bug");
        FilterChain failed =
                chain((direction, message) -> CompletableFuture.failedFuture(new IllegalStateException("later")));
        assertThat(failure(failed, Message.of("x")))
                .isInstanceOf(FilterFailure.class)
                .hasRootCauseMessage("later");
    }

    @Test
    void aVerdictMayComeLater() {
        CompletableFuture<Verdict> later = new CompletableFuture<>();
        FilterChain chain = chain((direction, message) -> later, whole(10));
        CompletableFuture<@Nullable Message> stage =
                chain.apply(Message.of("x")).toCompletableFuture();
        assertThat(stage).isNotDone();
        later.complete(Verdict.pass());
        assertThat(shown(stage.join())).isEqualTo("<[x]>");
        CompletableFuture<Verdict> never = new CompletableFuture<>();
        CompletableFuture<@Nullable Message> broken =
                chain((direction, message) -> never).apply(Message.of("x")).toCompletableFuture();
        never.completeExceptionally(new IllegalStateException("late bug"));
        assertThat(broken).isCompletedExceptionally();
    }
}
