// usage: sio-client.js MODULE ORIGIN PATH polling|websocket|upgrade|upgrade-refused|websocket-refused. Clients of the
// Socket.IO that MODULE names talk to the server and to each other; prints "ok". Where the websocket is refused they are
// to work by polling: having begun with it, or after the websocket was tried first.
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const { once } = require('events');

const [module_, origin, path, mode] = process.argv.slice(2);
const io = require(module_);
const [transports, wanted, sign] = {
  polling: [['polling'], 'polling', null],
  websocket: [['websocket'], 'websocket', null],
  upgrade: [['polling', 'websocket'], 'websocket', 'upgrade'],
  'upgrade-refused': [['polling', 'websocket'], 'polling', 'upgradeError'],
  'websocket-refused': [['websocket', 'polling'], 'polling', null],
}[mode];

let step = 'connecting';
setTimeout(() => fail(new Error('nothing more came within 20 s')), 20_000);

function fail(error) {
  console.error(`while ${step}:`, error);
  process.exit(1);
}

async function connect() {
  const upgrade = transports.length > 1;
  const options = { path, transports, upgrade, tryAllTransports: true, forceNew: true, reconnection: false };
  const socket = io(origin, options);
  socket.on('connect_error', fail);
  socket.on('disconnect', (reason) => fail(new Error(`disconnected: ${reason}`)));
  const seen = sign && once(socket.io.engine, sign);
  await once(socket, 'connect');
  if (sign) {
    await seen;
  }
  assert.strictEqual(socket.io.engine.transport.name, wanted);
  return socket;
}

const ask = (socket, ...question) => new Promise((resolve) => socket.emit(...question, (...answer) => resolve(answer)));

async function main() {
  const [one, two, stranger] = await Promise.all([connect(), connect(), connect()]);

  for (const data of ['äöü', { a: [1, null, 'b'] }, crypto.randomBytes(1_200_000), 'あ'.repeat(500_000)]) {
    step = `echoing ${JSON.stringify(data).slice(0, 40)}`;
    const [back, transport] = await ask(one, 'echo', data);
    assert.deepStrictEqual(back, data);
    assert.strictEqual(transport, wanted);
  }

  step = 'commenting';
  const room = `room of ${one.id}`;
  stranger.on('said', (text) => fail(new Error(`one who has not joined heard ${text}`)));
  await Promise.all([ask(one, 'join', room), ask(two, 'join', room)]);
  for (const speaker of [one, two]) {
    const heard = Promise.all([once(one, 'said'), once(two, 'said')]);
    speaker.emit('say', room, `from ${speaker.id}`);
    assert.deepStrictEqual(await heard, [[`from ${speaker.id}`], [`from ${speaker.id}`]]);
  }
  await ask(stranger, 'echo', 'all that was sent before this has come');

  assert.strictEqual(one.io.engine.transport.name, wanted);
  for (const socket of [one, two, stranger]) {
    socket.off('disconnect');
    socket.disconnect();
  }
  console.log('ok');
}

main()
  .then(() => process.exit(0))
  .catch(fail);
