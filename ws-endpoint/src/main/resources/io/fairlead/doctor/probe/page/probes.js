// What the browser tries, step by step. Nothing here judges: it only says what was seen.

const POST_BYTES = 1000000;
const POLL_MS = 3000;
const WAIT = { get: 10000, post: 30000, sse: 12000, handshake: 6000, text: 4000, large: 10000, push: 5000, close: 4000 };

const since = (start) => Math.round(performance.now() - start);

// A socket whose events are waited for one by one.
class Line {
  constructor(url, protocols) {
    this.events = [];
    this.waiting = null;
    this.socket = new WebSocket(url, protocols);
    this.socket.binaryType = 'arraybuffer';
    this.socket.addEventListener('open', () => this.put({ type: 'open' }));
    this.socket.addEventListener('message', ({ data }) => this.put({ type: 'message', data }));
    this.socket.addEventListener('close', ({ code }) => this.put({ type: 'close', code }));
  }

  put(event) {
    if (this.waiting) {
      const waiting = this.waiting;
      this.waiting = null;
      waiting(event);
    } else {
      this.events.push(event);
    }
  }

  // The next event, or one of the type 'silent' when none has come for so long.
  next(millis) {
    if (this.events.length > 0) return Promise.resolve(this.events.shift());
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.waiting = null;
        resolve({ type: 'silent' });
      }, millis);
      this.waiting = (event) => {
        clearTimeout(timer);
        resolve(event);
      };
    });
  }

  send(data) {
    this.socket.send(data);
  }

  async close(code) {
    this.socket.close(code);
    let event = await this.next(WAIT.close);
    while (event.type === 'message') event = await this.next(WAIT.close);
    return event;
  }
}

const failure = (event) => (event.type === 'silent' ? { result: 'silent' } : { result: 'failed', code: event.code ?? 0 });

const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

// Random to the eye of a compressor, so that so many bytes travel.
function noise(length) {
  const bytes = new Uint8Array(length);
  let state = 2463534242;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

export class Examination {
  // begun: what the server has said at the beginning. tell(step, values) is called as things are seen.
  constructor(begun, tell) {
    this.begun = begun;
    this.tell = tell;
    this.steps = {};
    this.protocol = '';
  }

  url(path, step, more = '') {
    return new URL(`../probe/${path}?n=${this.begun.nonce}&s=${step}${more}`, location.href);
  }

  socketUrl(path, step) {
    const url = this.url(`ws/${path}`, step);
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    return url;
  }

  otherUrl() {
    const secure = location.protocol === 'https:';
    const port = secure ? this.begun.httpPort : this.begun.httpsPort;
    if (port === '0') return null;
    const url = this.url('ws/echo', 'other');
    url.protocol = secure ? 'ws:' : 'wss:';
    url.port = port;
    return url;
  }

  async step(name, attempt) {
    this.tell(name, { result: 'running' });
    const start = performance.now();
    let values;
    try {
      values = await attempt();
    } catch (error) {
      values = { result: error.name === 'TimeoutError' ? 'silent' : 'failed' };
    }
    this.steps[name] = { ms: since(start), ...values };
    this.tell(name, this.steps[name]);
    return values.result === 'ok';
  }

  skip(...names) {
    for (const name of names) this.tell(name, { result: 'skipped' });
  }

  // idleMs: how long a socket is to be silent; 0: none is.
  async run(idleMs) {
    const reached = await this.step('get', () => this.get());
    if (!reached) {
      this.skip('post', 'sse', 'poll', 'ws', 'text', 'binary', '64k', '1m', 'close', 'push', 'fragments', 'ping', 'sub', 'other', 'idle');
      return;
    }
    await Promise.all([this.plain(), this.sockets(idleMs)]);
  }

  async plain() {
    await this.step('post', () => this.post());
    await this.step('sse', () => this.events());
    await this.step('poll', () => this.poll());
  }

  async get() {
    const url = this.url('get', 'get');
    const answer = await fetch(url, {
      headers: { [this.begun.canary]: this.begun.canaryValue },
      cache: 'no-store',
      signal: AbortSignal.timeout(WAIT.get),
    });
    const body = await answer.text();
    this.protocol = performance.getEntriesByName(url.href).at(-1)?.nextHopProtocol ?? '';
    const well = answer.status === 200 && body.includes('"step":"get"');
    return { result: well ? 'ok' : 'failed', status: answer.status, answer: answer.headers.get(this.begun.canary) ?? '' };
  }

  async post() {
    const bytes = POST_BYTES;
    try {
      const answer = await fetch(this.url('post', 'post'), {
        method: 'POST',
        headers: { 'Content-Type': 'application/octet-stream' },
        body: noise(bytes),
        signal: AbortSignal.timeout(WAIT.post),
      });
      const whole = answer.status === 200 && (await answer.json()).received === String(bytes);
      return { result: whole ? 'ok' : 'failed', status: answer.status, bytes };
    } catch (error) {
      return { result: error.name === 'TimeoutError' ? 'silent' : 'failed', bytes };
    }
  }

  async events() {
    const answer = await fetch(this.url('sse', 'sse'), {
      headers: { Accept: 'text/event-stream' },
      cache: 'no-store',
      signal: AbortSignal.timeout(WAIT.sse),
    });
    if (answer.status !== 200) return { result: 'failed', status: answer.status };
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    let told = false;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += value;
      if (!told && text.includes('data: first\n\n')) {
        told = true;
        await fetch(this.url('ack', 'ack'), { cache: 'no-store' });
      }
    }
    const result = text.includes('data: came\n\n') ? 'ok' : text.includes('data: late\n\n') ? 'late' : 'failed';
    return { result, status: answer.status };
  }

  async poll() {
    const start = performance.now();
    try {
      const answer = await fetch(this.url('poll', 'poll', `&ms=${POLL_MS}`), {
        cache: 'no-store',
        signal: AbortSignal.timeout(POLL_MS + WAIT.get),
      });
      const held = answer.status === 200 && (await answer.json()).held === String(POLL_MS);
      return { result: held ? 'ok' : 'failed', status: answer.status, ms: since(start) };
    } catch (error) {
      return { result: error.name === 'TimeoutError' ? 'silent' : 'failed', ms: since(start) };
    }
  }

  async sockets(idleMs) {
    const ofTheSocket = ['text', 'binary', '64k', '1m', 'close', 'push', 'fragments', 'ping', 'sub', 'idle'];
    if (this.begun.webSocket !== 'true') {
      await this.step('ws', async () => ({ result: 'failed', why: 'server' }));
      this.skip(...ofTheSocket, 'other');
      return;
    }
    let echo = null;
    const open = await this.step('ws', async () => {
      const line = new Line(this.socketUrl('echo', 'ws'));
      const event = await line.next(WAIT.handshake);
      if (event.type !== 'open') {
        if (event.type === 'silent') line.socket.close();
        return failure(event);
      }
      echo = line;
      return { result: 'ok', extensions: line.socket.extensions };
    });
    const other = this.other();
    if (open) {
      await this.data(echo, idleMs);
    } else {
      this.skip(...ofTheSocket);
    }
    await other;
  }

  async data(echo, idleMs) {
    const idle = idleMs > 0 ? this.idle(idleMs) : null;
    if (!idle) this.skip('idle');
    let well = await this.step('text', () => this.echoed(echo, 'grüß dich 👋', WAIT.text));
    for (const [name, bytes] of [['binary', 256], ['64k', 64 * 1024], ['1m', 1024 * 1024]]) {
      if (well) {
        well = await this.step(name, async () => ({ ...(await this.echoed(echo, noise(bytes), WAIT.large)), bytes }));
      } else {
        this.skip(name);
      }
    }
    if (well) echo.close(1000); else echo.socket.close();
    await this.pushed();
    if (well) await this.step('sub', () => this.subprotocol()); else this.skip('sub');
    await idle;
  }

  async echoed(line, data, millis) {
    line.send(data);
    const event = await line.next(millis);
    if (event.type !== 'message') return failure(event);
    const well = typeof data === 'string' ? event.data === data : same(new Uint8Array(event.data), data);
    return { result: well ? 'ok' : 'failed' };
  }

  // The server speaks first: a burst, a message in fragments, a ping; and closes when it is told to.
  async pushed() {
    const burst = Number(this.begun.burst);
    let line = null;
    let last = null;
    let well = await this.step('push', async () => {
      line = new Line(this.socketUrl('push', 'push'));
      const opened = await line.next(WAIT.handshake);
      if (opened.type !== 'open') return { ...failure(opened), frames: 0 };
      for (let frames = 0; frames < burst; frames++) {
        last = await line.next(WAIT.push);
        if (last.type !== 'message' || last.data !== String(frames)) return { ...failure(last), frames };
      }
      return { result: 'ok', frames: burst };
    });
    if (well) {
      well = await this.step('fragments', async () => {
        const event = await line.next(WAIT.push);
        return event.type === 'message' ? { result: event.data === this.begun.fragments ? 'ok' : 'failed' } : failure(event);
      });
    } else {
      this.skip('fragments');
    }
    if (well) {
      await this.step('ping', async () => {
        const event = await line.next(WAIT.push);
        return event.type === 'message' ? { result: event.data === 'pong' ? 'ok' : 'failed' } : failure(event);
      });
      await this.step('close', async () => {
        const sent = Number(this.begun.closeCode);
        line.send('bye');
        let event = await line.next(WAIT.close);
        while (event.type === 'message') event = await line.next(WAIT.close);
        return { result: event.code === sent ? 'ok' : 'failed', sent, code: event.code ?? 0 };
      });
    } else {
      this.skip('ping', 'close');
    }
    line.socket.close();
  }

  async subprotocol() {
    const line = new Line(this.socketUrl('echo', 'sub'), this.begun.offered.split(','));
    const event = await line.next(WAIT.handshake);
    if (event.type !== 'open') return { ...failure(event), protocol: '' };
    const { protocol } = line.socket;
    await line.close(1000);
    return { result: protocol === this.begun.chosen ? 'ok' : 'failed', protocol };
  }

  async other() {
    const url = this.otherUrl();
    if (!url) {
      this.skip('other');
      return;
    }
    const shown = `${url.protocol}//${url.host}`;
    await this.step('other', async () => {
      let line;
      try {
        line = new Line(url);
      } catch (error) {
        return { result: 'blocked', url: shown };
      }
      const event = await line.next(WAIT.handshake);
      if (event.type !== 'open') return { ...failure(event), url: shown };
      const echoed = await this.echoed(line, 'other', WAIT.text);
      line.socket.close();
      return { ...echoed, url: shown };
    });
  }

  async idle(idleMs) {
    await this.step('idle', async () => {
      const line = new Line(this.socketUrl('echo', 'idle'));
      const opened = await line.next(WAIT.handshake);
      if (opened.type !== 'open') return { result: 'skipped' };
      const start = performance.now();
      const event = await line.next(idleMs);
      if (event.type === 'close') return { result: 'failed', code: event.code, ms: since(start) };
      const ms = since(start);
      const echoed = await this.echoed(line, 'still there?', WAIT.text);
      line.socket.close();
      return { ...echoed, ms };
    });
  }
}
