// usage: ws-client.js URL. Negotiates compression and a subprotocol, sends what is hard to carry, prints "ok".
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const { once } = require('events');
const WebSocket = require('ws');

const socket = new WebSocket(process.argv[2], ['chat.v1', 'chat.v2'], { perMessageDeflate: { threshold: 0 } });

async function main() {
  await once(socket, 'open');
  assert.strictEqual(socket.protocol, 'chat.v2');
  assert.match(socket.extensions, /permessage-deflate/);
  const messages = ['', 'äöü', 'x'.repeat(1 << 20), crypto.randomBytes(300_000), Buffer.alloc(2 << 20)];
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
  console.log('ok');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
