'use strict';
// A browser against a running Fairlead: node browser.js MODE ORIGIN PATH [--http1]
//   chat: two tabs of the page at PATH chat with each other
//   echo: a WebSocket from a page of the origin to PATH, where ws-server.js is
//   sessions: 24 of Socket.IO, three at a time, from polling to websocket, to PATH, where sio-server.js is; prints "PORT led N"
//   doctor: the doctor's page, for each of some NAME,SECONDS,URL in the place of ORIGIN and PATH and behind them; SECONDS of
//     silence, 0 for none. Prints "NAME CODE SEVERITY SENTENCE" for each finding
// HOME holds the certificates that the browser trusts, CHROMIUM is the browser. Prints how the page came: h2 or http/1.1.

const { chromium } = require('playwright-core');

const [mode, origin, path, ...options] = process.argv.slice(2);

async function chat(context) {
  const tabs = [];
  for (const name of ['Ada', 'Bob']) {
    const tab = await context.newPage();
    await tab.goto(origin + path);
    await tab.fill('#name', name);
    await tab.click('#door button');
    await tab.waitForSelector('#room:not([hidden])');
    tabs.push(tab);
  }
  const [ada, bob] = tabs;
  await ada.fill('#comment', 'Does the line hold?');
  await ada.click('#say button');
  await bob.waitForFunction(() => document.querySelector('#log').textContent.includes('Ada: Does the line hold?'));
  await bob.fill('#comment', 'It neither chafes nor parts.');
  await bob.click('#say button');
  await ada.waitForFunction(() => document.querySelector('#log').textContent.includes('Bob: It neither chafes'));
  return ada;
}

async function echo(context) {
  const page = await context.newPage();
  await page.goto(origin + path);
  const answer = await page.evaluate((url) => new Promise((resolve, reject) => {
    const socket = new WebSocket(url, ['chat.v1', 'chat.v2']);
    const sent = ['via?', new Uint8Array(300000).map((_, i) => i * 31)];
    const got = [];
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => sent.forEach((message) => socket.send(message));
    socket.onerror = () => reject(new Error('the WebSocket failed'));
    socket.onmessage = ({ data }) => {
      got.push(data);
      if (got.length === sent.length) socket.close(4001, 'enough');
    };
    socket.onclose = ({ code, reason, wasClean }) => {
      const bytes = new Uint8Array(got[1]);
      const same = bytes.length === sent[1].length && bytes.every((byte, i) => byte === sent[1][i]);
      resolve([got[0], `same ${same}`, `protocol ${socket.protocol}`, `extensions ${socket.extensions}`,
        `close ${code} ${reason} ${wasClean}`]);
    };
  }), origin.replace(/^http/, 'ws') + path);
  console.log(answer.join('\n'));
  return page;
}

// More at a time, and their polls would take all the connections that a browser opens to one host.
async function sessions(context) {
  const page = await context.newPage();
  await page.goto(`${origin}${path}socket.io.js`);
  await page.addScriptTag({ url: `${origin}${path}socket.io.js` });
  const led = await page.evaluate(async (ownPath) => {
    const ports = {};
    const session = () => new Promise((resolve, reject) => {
      const socket = io({ path: ownPath, forceNew: true, reconnection: false });
      const upgraded = new Promise((done) => socket.io.engine.once('upgrade', done));
      socket.io.engine.on('upgradeError', reject);
      socket.on('connect_error', reject);
      socket.on('disconnect', reject);
      socket.on('connect', async () => {
        await new Promise((done) => socket.emit('echo', 'before', done));
        await upgraded;
        socket.emit('where', (port) => {
          ports[port] = (ports[port] || 0) + 1;
          socket.off('disconnect');
          socket.disconnect();
          resolve();
        });
      });
    });
    await Promise.all([1, 2, 3].map(async () => {
      for (let i = 0; i < 8; i++) {
        await session();
      }
    }));
    return ports;
  }, path);
  Object.entries(led).forEach(([port, number]) => console.log(`${port} led ${number}`));
  return page;
}

async function doctor(context) {
  const cases = [origin, path, ...options].filter((argument) => argument && argument.includes(',')).map((argument) => argument.split(','));
  const examine = async ([name, seconds, url]) => {
    const page = await context.newPage();
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(url);
    await page.waitForSelector('#language option:nth-child(2)', { state: 'attached' });
    if (seconds !== '0') await page.fill('#seconds', seconds);
    await page.click('#start');
    await page.waitForSelector('#verdict:not([hidden])', { timeout: 90000 });
    const findings = await page.$$eval('#findings article', (cards) => cards.map((card) =>
      `${card.dataset.code} ${card.className} ${card.querySelector('.says').textContent}`));
    findings.forEach((finding) => console.log(`${name} ${finding}`));
    errors.forEach((error) => console.log(`${name} page-error ${error}`));
    return page;
  };
  let last = null;
  const waiting = [...cases];
  await Promise.all([1, 2, 3, 4].map(async () => {
    while (waiting.length > 0) {
      if (last) await last.close();
      last = null;
      const page = await examine(waiting.shift());
      if (last) await page.close(); else last = page;
    }
  }));
  return last;
}

(async () => {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      ...(options.includes('--http1') ? ['--disable-http2'] : []),
    ],
  });
  try {
    const context = await browser.newContext();
    context.setDefaultTimeout(20000);
    const page = await { chat, echo, sessions, doctor }[mode](context);
    console.log('page over', await page.evaluate(() => performance.getEntriesByType('navigation')[0].nextHopProtocol));
  } finally {
    await browser.close();
  }
})().catch((failure) => {
  console.error(failure);
  process.exit(1);
});
