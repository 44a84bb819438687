// usage: http2-client.js ORIGIN WEBSOCKET_PATH POST_PATH. One HTTP/2 connection of Node's own: a body that is echoed, and
// many WebSockets by extended CONNECT (RFC 8441), their frames those of the package ws. Prints "ok".
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const http2 = require('http2');
const { once } = require('events');
const WebSocket = require('ws');

const [origin, webSocketPath, postPath] = process.argv.slice(2);

async function post(session) {
  const body = crypto.randomBytes(5 << 20);
  const stream = session.request({ ':method': 'POST', ':path': postPath });
  stream.end(body);
  const [headers] = await once(stream, 'response');
  assert.strictEqual(headers[':status'], 200);
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  assert.ok(Buffer.concat(pieces).equals(body), 'the body came back changed');
}

async function webSocket(session, number) {
  const stream = session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':path': webSocketPath,
    'sec-websocket-version': '13',
    'sec-websocket-protocol': 'chat.v1, chat.v2',
    origin,
  });
  const [headers] = await once(stream, 'response');
  assert.strictEqual(headers[':status'], 200);
  assert.strictEqual(headers['sec-websocket-protocol'], 'chat.v2');
  assert.ok(!('sec-websocket-accept' in headers));

  // The package makes handshakes of HTTP/1.1 only; its frames do not care what carries them.
  const socket = new WebSocket(null, undefined, { autoPong: true });
  socket._isServer = false;
  socket.setSocket(stream, Buffer.alloc(0), { maxPayload: 100 << 20, skipUTF8Validation: false });

  const messages = ['', `äöü ${number}`, 'x'.repeat(1 << 20), crypto.randomBytes(300_000)];
  for (const message of messages) {
    socket.send(message);
    const [data, isBinary] = await once(socket, 'message');
    assert.strictEqual(isBinary, Buffer.isBuffer(message));
    assert.ok(data.equals(Buffer.from(message)), `a message of ${message.length} came back changed`);
  }
  socket.ping('are you there');
  const [pong] = await once(socket, 'pong');
  assert.strictEqual(pong.toString(), 'are you there');
  socket.close(4001, 'enough');
  const [code, reason] = await once(socket, 'close');
  assert.strictEqual(code, 4001);
  assert.strictEqual(reason.toString(), 'enough');
}

async function main() {
  // Who the server is, is not the question here.
  const session = http2.connect(origin, { rejectUnauthorized: false });
  await once(session, 'remoteSettings');
  assert.strictEqual(session.remoteSettings.enableConnectProtocol, true);
  const work = [post(session)];
  for (let number = 0; number < 20; number++) work.push(webSocket(session, number));
  await Promise.all(work);
  await post(session);
  session.close();
  await once(session, 'close');
  console.log('ok');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
