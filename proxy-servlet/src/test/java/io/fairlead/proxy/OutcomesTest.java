package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.Outcome.Kind;
import io.fairlead.proxy.tunnel.TunnelAccount;
import io.fairlead.proxy.tunnel.TunnelEnd;
import io.fairlead.proxy.tunnel.TunnelEnd.Reason;
import io.fairlead.proxy.tunnel.TunnelEnd.Traffic;
import jakarta.servlet.http.HttpServletRequest;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class OutcomesTest {

    private final List<Outcome> told = new ArrayList<>();
    private final Route route = ManagedRouteTest.route();
    private final Outcomes outcomes = new Outcomes(route, told::add, false);

    private OutcomeDraft draft() {
        return new OutcomeDraft(route, "GET", "/x/ws", "10.0.0.7", null);
    }

    private static TunnelAccount account(OutcomeDraft draft, TunnelAccount.@Nullable Peer closedBy) {
        return new TunnelAccount(
                draft, Traffic.ofBytes(10), Traffic.ofBytes(20), null, null, Duration.ofSeconds(1), closedBy);
    }

    @Test
    void aRequestThatNobodyAsksForIsNotLookedAt() {
        HttpServletRequest untouchable = (HttpServletRequest) Proxy.newProxyInstance(
                OutcomesTest.class.getClassLoader(),
                new Class<?>[] {HttpServletRequest.class},
                (proxy, method, arguments) -> {
                    throw new AssertionError(method + " was called");
                });
        assertThat(outcomes.draftIfWanted(untouchable)).isNull();
        outcomes.refused(untouchable, 405, "0123456789abcdef", EndedBy.REFUSED);
        assertThat(told).isEmpty();
        assertThat(outcomes.requestsEnded()).containsEntry(EndedBy.REFUSED, 1L);
    }

    @Test
    void whatFollowsACloseFrameWasItsSendersWill() {
        for (Reason reason :
                new Reason[] {Reason.CLIENT_CLOSED, Reason.CLIENT_FAILED, Reason.BACKEND_CLOSED, Reason.BACKEND_FAILED
                }) {
            for (TunnelAccount.Peer closer : TunnelAccount.Peer.values()) {
                outcomes.tunnelEnded(draft(), new TunnelEnd(reason, account(draft(), closer), null));
            }
        }
        assertThat(told)
                .extracting(Outcome::endedBy)
                .containsExactly(
                        EndedBy.CLIENT, EndedBy.BACKEND,
                        EndedBy.CLIENT, EndedBy.BACKEND,
                        EndedBy.CLIENT, EndedBy.BACKEND,
                        EndedBy.CLIENT, EndedBy.BACKEND);
        told.clear();
        outcomes.tunnelEnded(
                draft(),
                new TunnelEnd(Reason.BACKEND_FAILED, account(draft(), null), new IllegalStateException("a\nb")));
        Outcome outcome = told.get(0);
        assertThat(outcome.kind()).isEqualTo(Kind.TUNNEL);
        assertThat(outcome.endedBy()).isEqualTo(EndedBy.BACKEND);
        assertThat(outcome.cause()).isEqualTo("IllegalStateException: a\\u000ab");
    }

    @Test
    void aTunnelWithoutItsClientIsTheClientsDoingUnlessFairleadSaidNo() {
        outcomes.tunnelEnded(draft(), new TunnelEnd(Reason.NOT_CONNECTED, account(draft(), null), null));
        OutcomeDraft refused = draft();
        refused.answered(503, "0123456789abcdef");
        outcomes.tunnelEnded(refused, new TunnelEnd(Reason.NOT_CONNECTED, account(refused, null), null));
        outcomes.stop();
        outcomes.tunnelEnded(draft(), new TunnelEnd(Reason.NOT_CONNECTED, account(draft(), null), null));
        assertThat(told)
                .extracting(Outcome::endedBy)
                .containsExactly(EndedBy.CLIENT, EndedBy.REFUSED, EndedBy.SHUTDOWN);
        assertThat(told.get(1).requestId()).isEqualTo("0123456789abcdef");
    }
}
