package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.fairlead.suite.Server.Trait;
import io.fairlead.suite.peer.Correspondent;
import io.fairlead.suite.peer.Correspondent.Closing;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.FaultyStream;
import io.fairlead.suite.peer.FaultyStream.Fault;
import io.fairlead.suite.peer.Wire;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a relay makes of streams that break the rules of framing: the one who breaks them is told, and so is the other. */
public abstract class RelayFaultsTest extends WireTest {

    private static final int ROUNDS = 6;

    private interface Round {
        void play(long seed) throws Exception;
    }

    private static void play(int rounds, Round round) throws Exception {
        long first = System.nanoTime();
        for (int i = 0; i < rounds; i++) {
            try {
                round.play(first + i);
            } catch (Exception | AssertionError failure) {
                throw new AssertionError("seed " + (first + i) + ": " + failure.getMessage(), failure);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Fault.class)
    void aClientsFaultClosesBothAndNothingOfItGoesOn(Fault fault) throws Exception {
        assumeThat(fault == Fault.LENGTH_IN_MORE_BYTES_THAN_NEEDED)
                .as("servers take it, and what goes on has a length in as few bytes as it needs")
                .isFalse();
        Server server = fairlead().server();
        List<Integer> codes = new ArrayList<>(fault.codes());
        assumeThat(fault == Fault.WRONG_MASK && server.has(Trait.TAKES_UNMASKED))
                .as("the server may take it")
                .isFalse();
        if (server.has(Trait.BLAMES_ITSELF) && fault == Fault.LENGTH_OF_64_BITS) {
            codes.add(1011);
        }
        // Nor does such a server see the client go; its silence tells.
        boolean waits = fault == Fault.LENGTH_OF_64_BITS && server.has(Trait.WAITS_FOR_64_BITS);
        play(waits ? 1 : ROUNDS, seed -> {
            FaultyStream stream = new FaultyStream(fault, true, seed);
            CompletableFuture<Closing> atBackend = new CompletableFuture<>();
            backend.on("/ws", exchange -> {
                exchange.acceptWebSocket();
                boolean all = !server.has(Trait.FORGETS_AT_A_FAULT);
                hear(atBackend, () -> stream.hear(exchange.wire(), false, all));
            });
            try (Wire client = webSocketTunnel(waits ? Routes.RELAY_PINGED : Routes.RELAY, "/ws")) {
                stream.say(client);
                if (!waits) {
                    Closing atClient = Correspondent.client(client).listen(false);
                    assertThat(codes).as("codes for the client").contains(atClient.code());
                }
            }
            int told = Crew.await(atBackend).code();
            assertThat(told == 1001 || codes.contains(told))
                    .as("the backend was told %d", told)
                    .isTrue();
            eventually().until(() -> backend.open() == 0);
        });
    }

    @ParameterizedTest
    @EnumSource(Fault.class)
    void aBackendsFaultClosesBothAndNothingOfItGoesOn(Fault fault) throws Exception {
        boolean cuts = fairlead().server().has(Trait.CLOSES_BEHIND_A_MESSAGE_ONLY);
        play(ROUNDS, seed -> {
            FaultyStream stream = new FaultyStream(fault, false, seed);
            CompletableFuture<Closing> atBackend = new CompletableFuture<>();
            backend.on("/ws", exchange -> {
                exchange.acceptWebSocket();
                stream.say(exchange.wire());
                hear(atBackend, () -> Correspondent.backend(exchange.wire()).listen(false));
            });
            int code = fault.codes().get(0);
            try (Wire client = webSocketTunnel(Routes.RELAY, "/ws")) {
                int told = stream.hear(client, true, true).code();
                if (!(told == 1006 && cuts && stream.leavesAMessageOpen())) {
                    assertThat(told).as("code for the client").isEqualTo(code);
                }
            }
            assertThat(Crew.await(atBackend).code()).as("code for the backend").isEqualTo(code);
            eventually().until(() -> backend.open() == 0);
        });
    }

    private static void hear(CompletableFuture<Closing> heard, Callable<Closing> hearing) {
        try {
            heard.complete(hearing.call());
        } catch (Exception | AssertionError failure) {
            heard.completeExceptionally(failure);
        }
    }
}
