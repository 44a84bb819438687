// usage: sio-client.js ORIGIN PATH polling|websocket|upgrade. Two clients talk to each other; prints "ok".
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const { once } = require('events');
const { io } = require('socket.io-client');

const [origin, path, mode] = process.argv.slice(2);
const transports = mode === 'upgrade' ? ['polling', 'websocket'] : [mode];

function client() {
  return io(origin, { path, transports, upgrade: mode === 'upgrade', forceNew: true, reconnection: false });
}

async function connected(socket) {
  const failed = new Promise((_, reject) => socket.once('connect_error', reject));
  const upgraded = mode === 'upgrade' ? once(socket.io.engine, 'upgrade') : null;
  await Promise.race([once(socket, 'connect'), failed]);
  if (upgraded) {
    await upgraded;
  }
}

async function main() {
  const wanted = mode === 'polling' ? 'polling' : 'websocket';
  const one = client();
  const two = client();
  await Promise.all([connected(one), connected(two)]);
  assert.strictEqual(one.io.engine.transport.name, wanted);
  for (const data of ['äöü', { a: [1, null, 'b'] }, crypto.randomBytes(100_000), 'x'.repeat(300_000)]) {
    const [back, transport] = await new Promise((resolve) =>
      one.timeout(20_000).emit('echo', data, (error, ...answer) => resolve(error ? [error] : answer)));
    assert.deepStrictEqual(back, data);
    assert.strictEqual(transport, wanted);
  }
  const heard = once(two, 'said');
  one.emit('say', 'hello, tab two');
  assert.deepStrictEqual(await heard, ['hello, tab two']);
  one.disconnect();
  two.disconnect();
  console.log('ok');
}

main()
  .then(() => process.exit(0))
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
