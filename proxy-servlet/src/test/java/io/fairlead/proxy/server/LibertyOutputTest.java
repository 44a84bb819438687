package io.fairlead.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against an output that takes a write only when it is let. */
@Timeout(20)
class LibertyOutputTest {

    private final Semaphore let = new Semaphore(0);
    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final ByteArrayOutputStream sent = new ByteArrayOutputStream();
    private volatile boolean cut;
    private volatile boolean committed;
    private final LibertyOutput output = new LibertyOutput(response(), new Blocking(), context());

    private final class Blocking extends ServletOutputStream {
        @Override
        public void write(byte[] bytes, int start, int length) throws IOException {
            events.add("writes");
            let.acquireUninterruptibly();
            if (cut) {
                throw new IOException("cut");
            }
            sent.write(bytes, start, length);
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void flush() {
            committed = true;
        }

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void setWriteListener(WriteListener told) {
            throw new AssertionError("Liberty's own waits all the same");
        }
    }

    private final class Told implements WriteListener {
        @Override
        public void onWritePossible() {
            events.add("possible");
        }

        @Override
        public void onError(Throwable failure) {
            events.add("error " + failure.getMessage());
        }
    }

    private HttpServletResponse response() {
        return (HttpServletResponse) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {HttpServletResponse.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("isCommitted")) {
                        return committed;
                    }
                    throw new UnsupportedOperationException(method.getName());
                });
    }

    private static AsyncContext context() {
        return (AsyncContext) Proxy.newProxyInstance(
                LibertyOutputTest.class.getClassLoader(),
                new Class<?>[] {AsyncContext.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("start")) {
                        Thread thread = new Thread((Runnable) arguments[0], "liberty");
                        thread.setDaemon(true);
                        thread.start();
                        return null;
                    }
                    throw new UnsupportedOperationException(method.getName());
                });
    }

    private void write(String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        output.write(bytes, 0, bytes.length);
    }

    private void expect(String event) throws InterruptedException {
        assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo(event);
    }

    @AfterEach
    void nobodyIsLeft() {
        let.release(100);
    }

    @Test
    void aWriteDoesNotWaitAndWhoAskedIsToldWhenItIsDone() throws Exception {
        output.setWriteListener(new Told());
        expect("possible");
        write("one");
        expect("writes");
        assertThat(output.isReady()).isFalse();
        assertThatThrownBy(() -> write("two")).isInstanceOf(IllegalStateException.class);
        let.release();
        expect("possible");
        assertThat(output.isReady()).isTrue();
        assertThat(sent.toString(StandardCharsets.ISO_8859_1)).isEqualTo("one");
        assertThat(committed).isTrue();
    }

    @Test
    void whoDidNotAskIsNotTold() throws Exception {
        output.setWriteListener(new Told());
        expect("possible");
        write("one");
        expect("writes");
        let.release();
        while (!output.isReady()) {
            // It may still be written: then this has asked.
            expect("possible");
        }
        write("two");
        expect("writes");
        assertThat(events).isEmpty();
    }

    @Test
    void beforeThereIsAListenerItIsTheOutputItself() throws Exception {
        let.release();
        write("whole");
        assertThat(sent.toString(StandardCharsets.ISO_8859_1)).isEqualTo("whole");
    }

    @Test
    void theEndIsWhenTheThreadThatStillWritesHasGivenUp() throws Exception {
        output.setWriteListener(new Told());
        expect("possible");
        write("one");
        expect("writes");
        assertThat(output.end()).isTrue();
        CompletableFuture<Void> ended = CompletableFuture.runAsync(() -> {
            try {
                output.awaitEnd();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        assertThat(ended).isNotDone();
        cut = true;
        let.release();
        ended.get(10, TimeUnit.SECONDS);
        expect("error cut");
        assertThatThrownBy(() -> write("more")).isInstanceOf(IOException.class);
        assertThat(output.end()).isFalse();
    }
}
