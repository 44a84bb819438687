package io.fairlead.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.content.ByteBufferContentSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EngineIoTest {

    private static final String SID = "lv_VI97HAXpY6yYWAAAC";

    @ParameterizedTest
    @ValueSource(
            strings = {
                // Version 4.
                "0{\"sid\":\"lv_VI97HAXpY6yYWAAAC\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000}",
                // Version 3, with the connect packet of Socket.IO 2 behind it.
                "96:0{\"sid\":\"lv_VI97HAXpY6yYWAAAC\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,"
                        + "\"pingTimeout\":5000}2:40",
                // Version 3, for clients that take binary.
                "\u0000\u0009\u0006\u00ff0{\"sid\":\"lv_VI97HAXpY6yYWAAAC\",\"upgrades\":[]}",
                // JSONP.
                "___eio[0](\"96:0{\\\"sid\\\":\\\"lv_VI97HAXpY6yYWAAAC\\\",\\\"upgrades\\\":[]}\");",
            })
    void theNameOfASessionIsInTheFirstPacket(String answer) {
        assertThat(EngineIo.opened(answer)).isEqualTo(SID);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "2probe",
                "42[\"sid\",\"x\"]",
                "{\"code\":0,\"message\":\"Transport unknown\"}",
                "0{\"sid\":\"no end",
                "0{\"sid\":\"\"}",
                "0{\"sid\":\"a b\"}"
            })
    void otherAnswersOpenNone(String answer) {
        assertThat(EngineIo.opened(answer)).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"code\":1,\"message\":\"Session ID unknown\"}",
                "{ \"code\" : 1 }",
                "Session ID unknown",
                "\"Invalid session\"",
            })
    void aSessionOfAnother(String answer) {
        assertThat(EngineIo.isUnknownSession(answer)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{\"code\":0,\"message\":\"Transport unknown\"}",
                "{\"code\":3,\"message\":\"Bad request\"}",
                "{\"code\":10}",
                "Bad Request",
            })
    void otherRefusals(String answer) {
        assertThat(EngineIo.isUnknownSession(answer)).isFalse();
    }

    @Test
    void theNameIsToldBeforeTheBytesThatEndItAreRead() {
        String answer = "96:0{\"sid\":\"" + SID + "\",\"upgrades\":[]}";
        int end = answer.indexOf("\",\"upgrades") + 1;
        ByteBuffer[] bytes = new ByteBuffer[answer.length()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = ByteBuffer.wrap(new byte[] {(byte) answer.charAt(i)});
        }
        List<String> told = new ArrayList<>();
        Content.Source body = new EngineIo.OpeningBody(new ByteBufferContentSource(bytes), told::add);
        String read = read(body, told, end);
        assertThat(read).isEqualTo(answer);
        assertThat(told).containsExactly(SID);
    }

    private static String read(Content.Source body, List<String> told, int end) {
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        while (true) {
            Content.Chunk chunk = body.read();
            assertThat(chunk).isNotNull();
            byte[] some = new byte[chunk.remaining()];
            chunk.getByteBuffer().get(some);
            read.writeBytes(some);
            assertThat(told).hasSize(read.size() < end ? 0 : 1);
            if (chunk.isLast()) {
                return read.toString(ISO_8859_1);
            }
        }
    }

    @Test
    void whatBeginsLateIsNotLookedFor() {
        String answer = "x".repeat(2100) + "0{\"sid\":\"" + SID + "\"}";
        List<String> told = new ArrayList<>();
        Content.Source body = new EngineIo.OpeningBody(
                new ByteBufferContentSource(
                        ByteBuffer.wrap(answer.substring(0, 100).getBytes(ISO_8859_1)),
                        ByteBuffer.wrap(answer.substring(100).getBytes(ISO_8859_1))),
                told::add);
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        Content.Chunk chunk;
        do {
            chunk = body.read();
            byte[] some = new byte[chunk.remaining()];
            chunk.getByteBuffer().get(some);
            read.writeBytes(some);
        } while (!chunk.isLast());
        assertThat(read.toString(ISO_8859_1)).isEqualTo(answer);
        assertThat(told).isEmpty();
    }

    @Test
    void aShortAnswerIsKeptIfItSaysSo() {
        List<Content.Source> passed = new ArrayList<>();
        HeldContent.read(
                new ByteBufferContentSource(ByteBuffer.wrap("Session ID unknown".getBytes(ISO_8859_1))),
                EngineIo::isUnknownSession,
                passed::add);
        assertThat(passed).isEmpty();
    }

    @Test
    void anyOtherAnswerIsPassedOnWhole() throws Exception {
        String longer = "no ".repeat(1000);
        for (String answer : List.of("", "{\"code\":0}", longer, longer + "Session ID unknown")) {
            List<Content.Source> passed = new ArrayList<>();
            byte[] bytes = answer.getBytes(ISO_8859_1);
            HeldContent.read(
                    new ByteBufferContentSource(
                            ByteBuffer.wrap(bytes, 0, bytes.length / 2),
                            ByteBuffer.wrap(bytes, bytes.length / 2, bytes.length - bytes.length / 2)),
                    EngineIo::isUnknownSession,
                    passed::add);
            assertThat(passed).hasSize(1);
            assertThat(Content.Source.asString(passed.get(0), ISO_8859_1)).isEqualTo(answer);
        }
    }
}
