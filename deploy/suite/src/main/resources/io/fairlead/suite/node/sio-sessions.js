// usage: sio-sessions.js MODULE ORIGIN PATH polling|upgrade COUNT AT_A_TIME. Sessions of the Socket.IO client that MODULE
// names: each connects, is upgraded or is not, talks before and after that, tells where it was led to, and goes; without
// cookies, with a new connection for every request. Prints "PORT led N" for each server; one failure is one too many.
'use strict';
const assert = require('assert');
const { once } = require('events');

const [module_, origin, path, mode, count, atATime] = process.argv.slice(2);
const io = require(module_);
const upgrades = mode === 'upgrade';
const transports = upgrades ? ['polling', 'websocket'] : ['polling'];
const failures = new Map();
const led = new Map();

const add = (map, key) => map.set(key, (map.get(key) || 0) + 1);
const ask = (socket, ...question) => new Promise((resolve) => socket.emit(...question, (...answer) => resolve(answer)));

async function talk(socket, text, wanted) {
  const [back, transport] = await ask(socket, 'echo', text);
  assert.strictEqual(back, text);
  if (wanted) {
    assert.strictEqual(transport, wanted);
  }
}

async function live(socket, number) {
  const upgraded = upgrades && new Promise((resolve) => socket.io.engine.once('upgrade', resolve));
  await once(socket, 'connect');
  await talk(socket, `first of ${number}`);
  if (upgrades) {
    await upgraded;
  }
  await talk(socket, `second of ${number}`, upgrades ? 'websocket' : 'polling');
  const [port] = await ask(socket, 'where');
  add(led, port);
}

async function session(number) {
  const socket = io(origin, { path, transports, forceNew: true, reconnection: false, timeout: 15_000 });
  const failed = new Promise((resolve, reject) => {
    const fail = (error) => reject(error instanceof Error ? error : new Error(String(error)));
    socket.on('connect_error', fail);
    socket.on('disconnect', fail);
    socket.io.engine.on('upgradeError', fail);
    setTimeout(fail, 30_000, 'nothing more came within 30 s').unref();
  });
  try {
    await Promise.race([live(socket, number), failed]);
  } catch (error) {
    const { description, context } = error;
    add(failures, [error.message, description && (description.message || description), context && context.responseText]
      .filter(Boolean).join(', '));
  }
  failed.catch(() => {});
  socket.disconnect();
}

async function main() {
  let next = 0;
  await Promise.all(Array.from({ length: +atATime }, async () => {
    while (next < +count) {
      await session(next++);
    }
  }));
  led.forEach((number, port) => console.log(`${port} led ${number}`));
  failures.forEach((number, what) => console.log(`${number} times: ${what}`));
  process.exit(failures.size > 0 ? 1 : 0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
